package weights

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// A PyTorch checkpoint is a pickle in which tensors are views of storages, and the storages' bytes:
// in the zip form (torch >= 1.6) each a member of the archive, in the form before it one after the
// other behind the pickle.

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
	read     int64 // bytes of storages so far; members of an archive may overlap, and must not be read more often than the file is long
}

// persist makes a storage of ("storage", class, key, location, values, ...).
func (t *torchFile) persist(id tuple) (any, error) {
	if len(id) < 5 || id[0] != "storage" {
		return nil, errors.New("a persistent id that is not a storage")
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
		return orderedDict(args), nil
	case "torch._utils._rebuild_parameter":
		if len(args) > 0 {
			return args[0], nil
		}
	case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2":
		return newView(args)
	}
	return opaque{}, nil
}

// orderedDict makes a dict, with the list of pairs that Python 2 gave it or none.
func orderedDict(args tuple) *dict {
	d := newDict()
	if len(args) > 0 {
		if pairs, ok := args[0].(*list); ok {
			for _, pair := range pairs.items {
				if pair, ok := pair.(*list); ok {
					d.set(pair.items)
				}
			}
		}
	}
	return d
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

// stateDict finds the tensors by name in what the pickle gave: a dict of tensors, or one that holds
// such a dict, whatever its name is: the one with the most tensors, since a checkpoint may hold an
// optimiser's too.
func stateDict(root any) (map[string]*view, error) {
	top, ok := root.(*dict)
	if !ok {
		return nil, errors.New("it holds no dict of tensors (a whole model, perhaps); save model.state_dict()")
	}
	best := views(top)
	for _, key := range slices.Sorted(maps.Keys(top.items)) {
		if d, ok := top.items[key].(*dict); ok {
			if found := views(d); len(found) > len(best) {
				best = found
			}
		}
	}
	if len(best) == 0 {
		return nil, errors.New("it holds no tensors by name, neither at the top nor in a dict one level down; save model.state_dict()")
	}
	return best, nil
}

// views are a dict's own tensors.
func views(d *dict) map[string]*view {
	found := map[string]*view{}
	for name, v := range d.items {
		if v, ok := v.(*view); ok {
			found[name] = v
		}
	}
	return found
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
	if n == 0 {
		return []float32{}, nil
	}
	last, contiguous := v.offset, true
	for i, expected := len(v.shape)-1, 1; i >= 0; i-- {
		contiguous = contiguous && (v.stride[i] == expected || v.shape[i] == 1)
		expected *= v.shape[i]
		if v.stride[i] < 0 || v.stride[i] > len(v.of.data) {
			return nil, fmt.Errorf("stride %v", v.stride)
		}
		last += int64(v.shape[i]-1) * int64(v.stride[i])
	}
	if v.offset < 0 || last >= int64(len(v.of.data)) {
		return nil, fmt.Errorf("shape %v, stride %v and offset %d reach beyond its storage of %d values", v.shape, v.stride, v.offset, len(v.of.data))
	}
	switch {
	case contiguous && n == len(v.of.data) && !v.of.shared:
		v.of.shared = true
		return v.of.data, nil
	case contiguous:
		return slices.Clone(v.of.data[v.offset : v.offset+int64(n)]), nil
	}
	return gather(make([]float32, 0, n), v.of.data, v.shape, v.stride, int(v.offset)), nil
}
