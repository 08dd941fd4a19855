package store

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	peer "github.com/dvml/dvml/internal/python"
)

// python runs a script with the interpreter that DVML_PYTHON names, which must have h5py, and returns what it prints.
func python(t *testing.T, script string, args ...string) string {
	t.Helper()
	interpreter := peer.With(t, "h5py")
	cmd := exec.Command(interpreter, append([]string{"-c", script}, args...)...)
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python: %v\n%s", err, failure.String())
	}
	return strings.TrimSpace(string(out))
}

const show = `
import sys, h5py, numpy as np
f = h5py.File(sys.argv[1], 'r')
for name in f:
    d = f[name]
    print(name, d.dtype.kind + str(d.dtype.itemsize) if d.dtype.kind != 'S' else 'S', d.shape, d.chunks)
print(f['targets'][:].ravel().tolist())
print([c.decode() for c in f['classes'][:]])
if 'images' in f:
    print([int(im.astype(np.int64).sum()) for im in f['images']])
for row in f.attrs['split']:
    rows = f[row['indices']][:].tolist() if row['indices'] else list(range(row['start'], row['stop']))
    print(row['split'].decode(), row['source'].decode(), rows, bool(row['available']), row['comment'])
print(f.attrs['dvml'], f.attrs['size'], len(f.attrs['digest']))
`

func TestH5PyReadsPixels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.h5")
	write(t, path, 7, 8, false, []int{6, 0, 3, 1, 2, 5, 4})
	var sums []string
	for i := range 7 {
		sum := 0
		for _, v := range picture(i, 8) {
			sum += int(v)
		}
		sums = append(sums, fmt.Sprint(sum))
	}
	want := strings.Join([]string{
		"classes S (3,) None",
		"digests u1 (7, 32) None",
		"images u1 (7, 3, 8, 8) None",
		"indices_test i8 (2,) None",
		"indices_train i8 (5,) None",
		"targets i4 (7, 1) None",
		"[1, 2, 3, 1, 2, 3, 1]",
		"['Audi', 'BMW', 'Citroën 2CV']",
		"[" + strings.Join(sums, ", ") + "]",
		"train images [0, 1, 3, 4, 6] True b''",
		"train targets [0, 1, 3, 4, 6] True b''",
		"test images [2, 5] True b''",
		"test targets [2, 5] True b''",
		"1 8 64",
	}, "\n")
	if got := python(t, show, path); got != want {
		t.Errorf("h5py sees\n%s\nwant\n%s", got, want)
	}
}

func TestH5PyReadsJPEG(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.h5")
	write(t, path, 4, 16, true, []int{0, 1, 2, 3})
	got := python(t, show, path)
	for _, want := range []string{"offsets i8 (5,) None", "train targets [0, 1, 3] True", "test targets [2] True"} {
		if !strings.Contains(got, want) {
			t.Errorf("h5py sees\n%s\nwithout %q", got, want)
		}
	}
}

const fuel = `
import sys, h5py, numpy as np
path, variant = sys.argv[1:]
f = h5py.File(path, 'w', libver='latest' if variant == 'latest' else None, userblock_size=512 if variant == 'userblock' else 0)
n = 6
if variant == 'many':
    for i in range(40): f.create_dataset('other%d' % i, data=np.arange(3))
images = f.create_dataset('images', (n, 3, 4, 4), 'uint8', **(dict(chunks=(1, 3, 4, 4), compression='gzip') if variant == 'gzip' else {}))
targets = f.create_dataset('targets', (n, 1), '>i8' if variant == 'big' else 'int32')
images[...] = np.arange(n * 48).reshape(n, 3, 4, 4) % 256
targets[...] = np.array([5, 1, 9, 9, 1, 5]).reshape(n, 1)
for d, labels in ((images, ('batch', 'channel', 'height', 'width')), (targets, ('batch', 'index'))):
    for i, l in enumerate(labels): d.dims[i].label = l
rows = [('train', 0, 4, None), ('test', 4, 6, None)]
if variant == 'indices':
    rows = [('train', 0, 0, f.create_dataset('a', data=np.array([0, 2, 4]))), ('test', 0, 0, f.create_dataset('b', data=np.array([5, 1], 'uint16')))]
if variant == 'valid':
    rows.insert(1, ('valid', 3, 4, None)); rows[0] = ('train', 0, 3, None)
if variant == 'beyond':
    rows[1] = ('test', 4, 7, None)
if variant == 'twice':
    rows[1] = ('test', 3, 6, None)
if variant != 'nosplit':
    a = np.zeros(2 * len(rows), dtype=np.dtype([('split', 'S5'), ('source', 'S7'), ('start', np.int64), ('stop', np.int64),
        ('indices', h5py.special_dtype(ref=h5py.Reference)), ('available', bool), ('comment', 'S1')]))
    for i, (split, start, stop, ref) in enumerate(rows):
        for j, source in enumerate(('images', 'targets')):
            a[2*i+j] = (split, source, start, stop, ref.ref if ref is not None else h5py.Reference(), True, '.')
    f.attrs['split'] = a
f.attrs['h5py_interface_version'] = '2.10'
f.close()
`

func TestFuelFiles(t *testing.T) {
	whole := "[1 5 9] [1 0 2 2 0 1] [0 1 2 3] [4 5]"
	for variant, want := range map[string]string{
		"plain": whole, "latest": whole, "userblock": whole, "many": whole, "big": whole,
		"indices": "[1 5 9] [1 0 2 2 0 1] [0 2 4] [1 5]",
		"valid":   "[1 5 9] [1 0 2 2 0 1] [0 1 2] [4 5]",
		"nosplit": "[1 5 9] [1 0 2 2 0 1] [1 4] [0 2 3 5]",
		"gzip":    whole,
		"beyond":  "error: attribute \"split\": test: rows 4 to 7 of 6",
		"twice":   "error: attribute \"split\": row 3 is listed twice",
	} {
		t.Run(variant, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "fuel.h5")
			python(t, fuel, path, variant)
			r, err := Open(path)
			if message, ok := strings.CutPrefix(want, "error: "); ok {
				if err == nil || !strings.Contains(err.Error(), message) {
					t.Fatalf("error %v, want %q", err, message)
				}
				t.Log(err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if got := fmt.Sprint(r.Classes(), r.Labels(), r.Indices(Train), r.Indices(Test)); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			pixels := make([]byte, 48)
			for i := range r.N() {
				if err := r.ReadImage(i, pixels); err != nil {
					t.Fatal(err)
				}
				if pixels[0] != byte(48*i) || pixels[47] != byte(48*i+47) {
					t.Errorf("image %d: %v", i, pixels)
				}
			}
		})
	}
}
