package imageset

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"testing"

	peer "github.com/dvml/dvml/internal/python"
	"github.com/dvml/dvml/internal/shared"
)

// Real photographs, as they are and scaled down, against what Pillow makes of them.
func TestPhotographsAgreeWithPillow(t *testing.T) {
	python := peer.With(t, "PIL")
	const script = `
import sys
from PIL import Image
im = Image.open(sys.argv[1]).convert('RGB')
size = int(sys.argv[2])
if im.size != (size, size):
    im = im.resize((size, size), Image.Resampling.BICUBIC)
for band in im.split():
    sys.stdout.buffer.write(band.tobytes())
`
	for _, n := range []int{1, 2500, 8144} {
		path := shared.Path(t, fmt.Sprintf("data/cars196/cars_train/%05d.jpg", n))
		for _, size := range []int{256, 100} {
			want, err := exec.Command(python, "-c", script, path, fmt.Sprint(size)).Output()
			if err != nil {
				t.Fatalf("python: %v", err)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(bytes.NewReader(data), size, Stretch)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(want) {
				t.Fatalf("%d bytes, Pillow makes %d", len(got), len(want))
			}
			sum := 0
			for i := range got {
				d := int(got[i]) - int(want[i])
				sum += max(d, -d)
			}
			mean := float64(sum) / float64(len(got))
			t.Logf("%s at %d: mean difference %.3f of 255", path, size, mean)
			if mean > 0.5 {
				t.Errorf("%s at %d: mean difference %.3f of 255", path, size, mean)
			}
		}
	}
}
