package weights

import (
	"archive/zip"
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"path"
	"slices"
	"strings"
)

// A PyTorch checkpoint is a pickle in which tensors are views of storages, and the storages' bytes: in the zip form (torch >= 1.6) each a member of
// the archive, in the form before it one after the other behind the pickle.

// storage is a run of values that tensors are views of.
type storage struct {
	key    string
	dtype  string // its safetensors name
	size   int64  // values, as declared
	data   []float32
	shared bool // a tensor has taken data as its own
}

// view is a tensor as the pickle gives it.
type view struct {
	of            *storage
	offset        int64
	shape, stride []int
}

// storageTypes gives the type of values by the name of the storage's class.
var storageTypes = map[global]string{
	"torch.FloatStorage": "F32", "torch.DoubleStorage": "F64", "torch.HalfStorage": "F16", "torch.BFloat16Storage": "BF16",
	"torch.LongStorage": "I64", "torch.IntStorage": "I32", "torch.ShortStorage": "I16", "torch.CharStorage": "I8", "torch.ByteStorage": "U8",
	"torch.BoolStorage": "BOOL",
}

// torchFile collects the storages that the pickle names.
type torchFile struct {
	storages map[string]*storage
	size     int64 // of the file
}

// persist makes a storage of ("storage", class, key, location, values, ...).
func (t *torchFile) persist(id tuple) (any, error) {
	if len(id) < 5 || id[0] != "storage" {
		return nil, errors.New("a persistent id that is no storage")
	}
	class, _ := id[1].(global)
	key, ok1 := id[2].(string)
	size, ok2 := id[4].(int64)
	dtype, ok3 := storageTypes[class]
	if !ok1 || !ok2 || !ok3 {
		return nil, fmt.Errorf("storage %q of class %q is not known", key, class)
	}
	if len(id) > 5 && id[5] != nil {
		return nil, fmt.Errorf("storage %q is a view of another, which only files from before PyTorch 0.4 have; save it again with a newer one", key)
	}
	if s, ok := t.storages[key]; ok {
		return s, nil
	}
	s := &storage{key: key, dtype: dtype, size: size}
	t.storages[key] = s
	return s, nil
}

func (t *torchFile) reduce(f global, args tuple) (any, error) {
	switch f {
	case "collections.OrderedDict":
		return newDict(), nil
	case "torch._utils._rebuild_parameter":
		if len(args) > 0 {
			return args[0], nil
		}
	case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2":
		return newView(args)
	}
	return opaque{}, nil
}

// newView makes a tensor of (storage, offset, shape, stride, ...).
func newView(args tuple) (any, error) {
	if len(args) < 4 {
		return nil, errors.New("too few arguments")
	}
	of, ok1 := args[0].(*storage)
	offset, ok2 := args[1].(int64)
	shape, ok3 := ints(args[2])
	stride, ok4 := ints(args[3])
	if !ok1 || !ok2 || !ok3 || !ok4 || len(shape) != len(stride) {
		return nil, errors.New("arguments that make no tensor")
	}
	return &view{of, offset, shape, stride}, nil
}

func ints(v any) ([]int, bool) {
	t, ok := v.(tuple)
	out := make([]int, len(t))
	for i, x := range t {
		n, is := x.(int64)
		ok = ok && is
		out[i] = int(n)
	}
	return out, ok
}

// stateDict finds the tensors by name in what the pickle gave: a dict of tensors, or one that holds such a dict under one of the usual names.
func stateDict(root any) (map[string]*view, error) {
	top, ok := root.(*dict)
	if !ok {
		return nil, fmt.Errorf("it holds no dict of tensors but a %T; save model.state_dict()", root)
	}
	for _, d := range []any{top, top.items["state_dict"], top.items["model"], top.items["model_state_dict"]} {
		views := map[string]*view{}
		if d, ok := d.(*dict); ok {
			for name, v := range d.items {
				if v, ok := v.(*view); ok {
					views[name] = v
				}
			}
		}
		if len(views) > 0 {
			return views, nil
		}
	}
	return nil, errors.New("it holds no tensors by name, neither at the top nor under state_dict, model or model_state_dict; save model.state_dict()")
}

// tensors copies the views out of their storages. Views of integers are left out.
func (t *torchFile) tensors(views map[string]*view) (*File, error) {
	file := &File{Tensors: map[string]Tensor{}, Meta: map[string]string{}}
	room := t.size // views may overlap, so the values of all together are bounded too
	for name, v := range views {
		if floatOf[v.of.dtype] == nil {
			continue
		}
		n, err := sizeOf(v.shape, min(room, int64(len(v.of.data))))
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		room -= int64(n)
		data, err := v.copy(n)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		file.Tensors[name] = Tensor{Shape: v.shape, Data: data}
	}
	return file, nil
}

// copy returns the n values of the view in row-major order.
func (v *view) copy(n int) ([]float32, error) {
	last, contiguous := v.offset, true
	for i, expected := len(v.shape)-1, 1; i >= 0; i-- {
		contiguous = contiguous && (v.stride[i] == expected || v.shape[i] == 1)
		expected *= v.shape[i]
		if v.stride[i] < 0 || v.stride[i] > len(v.of.data) {
			return nil, fmt.Errorf("stride %v", v.stride)
		}
		last += int64(v.shape[i]-1) * int64(v.stride[i])
	}
	if v.offset < 0 || n > 0 && last >= int64(len(v.of.data)) {
		return nil, fmt.Errorf("shape %v, stride %v and offset %d reach beyond its storage of %d values", v.shape, v.stride, v.offset, len(v.of.data))
	}
	switch {
	case n == 0:
		return []float32{}, nil
	case contiguous && n == len(v.of.data) && !v.of.shared:
		v.of.shared = true
		return v.of.data, nil
	case contiguous:
		return slices.Clone(v.of.data[v.offset : v.offset+int64(n)]), nil
	}
	return gather(make([]float32, 0, n), v.of.data, v.shape, v.stride, int(v.offset)), nil
}

func readTorchZip(r io.ReaderAt, size int64) (*File, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTorn, err)
	}
	members, folder := map[string]*zip.File{}, ""
	for _, f := range archive.File {
		members[f.Name] = f
		if path.Base(f.Name) == "data.pkl" {
			folder = path.Dir(f.Name)
		}
	}
	pickle := members[path.Join(folder, "data.pkl")]
	switch {
	case pickle == nil:
		return nil, errors.New("a zip archive without data.pkl: no PyTorch checkpoint")
	case members[path.Join(folder, "constants.pkl")] != nil:
		return nil, errors.New("a TorchScript archive; save model.state_dict() with torch.save")
	}
	if order, err := readMember(members[path.Join(folder, "byteorder")], size); err == nil && strings.TrimSpace(string(order)) == "big" {
		return nil, errors.New("its values are big-endian, which is not read; save it on a little-endian machine")
	}
	text, err := readMember(pickle, size)
	if err != nil {
		return nil, err
	}
	t := &torchFile{storages: map[string]*storage{}, size: size}
	u := &unpickler{r: bufio.NewReader(strings.NewReader(string(text))), left: int64(len(text)), persist: t.persist, reduce: t.reduce}
	root, err := u.load()
	if err != nil {
		return nil, err
	}
	views, err := stateDict(root)
	if err != nil {
		return nil, err
	}
	for _, v := range views {
		if err := v.of.fromMember(members[path.Join(folder, "data", v.of.key)], size); err != nil {
			return nil, fmt.Errorf("storage %q: %w", v.of.key, err)
		}
	}
	return t.tensors(views)
}

// openMember opens a member that is stored without compression, as PyTorch does, so that its size is bounded by the file's.
func openMember(f *zip.File, size int64) (io.ReadCloser, error) {
	switch {
	case f == nil:
		return nil, errors.New("is not in the archive")
	case f.Method != zip.Store || f.UncompressedSize64 > uint64(size):
		return nil, fmt.Errorf("%s is compressed, which PyTorch's own files are not", f.Name)
	}
	return f.Open()
}

func readMember(f *zip.File, size int64) ([]byte, error) {
	r, err := openMember(f, size)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, size))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrTorn, f.Name, err)
	}
	return text, nil
}

// fromMember reads a storage once.
func (s *storage) fromMember(f *zip.File, size int64) error {
	if s.data != nil {
		return nil
	}
	r, err := openMember(f, size)
	if err != nil {
		return err
	}
	defer r.Close()
	bytes := int64(f.UncompressedSize64)
	if width := int64(dtypeWidth[s.dtype]); s.size < 0 || s.size > bytes/width || s.size*width != bytes {
		return fmt.Errorf("%w: %d bytes for %d values of type %s", ErrTorn, bytes, s.size, s.dtype)
	}
	if s.data, err = readFloats(r, s.dtype, bytes); err != nil {
		return fmt.Errorf("%w: %w", ErrTorn, err)
	}
	if _, err := r.Read(make([]byte, 1)); err != io.EOF { // the archive's checksum is verified at a member's end
		return fmt.Errorf("%w: %w", ErrTorn, err)
	}
	return nil
}

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
