package weights

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
)

// torchMagic and torchProtocol begin the older form, as pickles of their own; a pickle of facts about the machine follows.
var torchMagic, _ = new(big.Int).SetString("1950a86a20f9469cfc6c", 16)

const torchProtocol = int64(1001)

func readTorchLegacy(r io.ReaderAt, size int64) (*File, error) {
	t := &torchFile{storages: map[string]*storage{}, size: size}
	u := &unpickler{r: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 1<<18), left: size, persist: t.persist, reduce: t.reduce}
	var parts [5]any // magic number, protocol, machine, the state dict, the keys of the storages that follow
	for i := range parts {
		var err error
		if parts[i], err = u.load(); err != nil {
			return nil, err
		}
		if magic, ok := parts[0].(*big.Int); !ok || magic.Cmp(torchMagic) != 0 {
			return nil, errors.New("a pickle, but none of torch.save; save model.state_dict() with torch.save")
		}
		if i == 1 && parts[1] != torchProtocol {
			return nil, fmt.Errorf("its torch.save protocol is not %d, the one that is read", torchProtocol)
		}
	}
	if machine, ok := parts[2].(*dict); ok && machine.items["little_endian"] == false {
		return nil, errors.New("its values are big-endian, which is not read; save it on a little-endian machine")
	}
	views, err := stateDict(parts[3])
	if err != nil {
		return nil, err
	}
	keys, ok := parts[4].(*list)
	if !ok {
		return nil, fmt.Errorf("%w: the list of storages is missing", ErrTorn)
	}
	for _, key := range keys.items {
		name, _ := key.(string)
		s := t.storages[name]
		if s == nil {
			return nil, fmt.Errorf("%w: storage %q follows and no tensor names it", ErrTorn, name)
		}
		if err := s.fromStream(u); err != nil {
			return nil, fmt.Errorf("%w: storage %q: %w", ErrTorn, name, err)
		}
	}
	return t.tensors(views)
}

// fromStream reads the number of values (8 bytes) and the values.
func (s *storage) fromStream(u *unpickler) error {
	var head [8]byte
	if u.left < 8 {
		return io.ErrUnexpectedEOF
	}
	if _, err := io.ReadFull(u.r, head[:]); err != nil {
		return err
	}
	u.left -= 8
	width := int64(dtypeWidth[s.dtype])
	if n := int64(binary.LittleEndian.Uint64(head[:])); n != s.size || n < 0 || n > u.left/width {
		return fmt.Errorf("%d values, where %d were declared and %d bytes are left", n, s.size, u.left)
	}
	u.left -= s.size * width
	data, err := readFloats(u.r, s.dtype, s.size*width)
	s.data = data
	return err
}
