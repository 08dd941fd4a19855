package augment

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// photograph returns made planes [3,size,size].
func photograph(size int) []byte {
	rng := rand.New(rand.NewPCG(1, uint64(size)))
	p := make([]byte, 3*size*size)
	for i := range p {
		p[i] = byte(rng.UintN(256))
	}
	return p
}

// definition is the crop at (row, col) by the formula.
func definition(p Plan, src []byte, size, row, col int, mirror bool) []float32 {
	var out []float32
	for y := range p.Crop {
		for x := range p.Crop {
			if mirror {
				x = p.Crop - 1 - x
			}
			for c := range 3 {
				plane := c
				if p.Norm.BGR {
					plane = 2 - c
				}
				v := float32(src[plane*size*size+(row+y)*size+col+x])
				out = append(out, (v-p.Norm.Mean[c])/p.Norm.Std[c])
			}
		}
	}
	return out
}

func TestCentreCrop(t *testing.T) {
	for _, norm := range []Normalisation{Caffe, TorchGoogLeNet, ImageNet} {
		for _, c := range []struct{ size, crop, at int }{{256, 227, 14}, {256, 224, 16}, {64, 64, 0}, {9, 4, 2}, {5, 1, 2}} {
			p := Plan{Crop: c.crop, Norm: norm}
			src := photograph(c.size)
			got := make([]float32, 3*c.crop*c.crop)
			p.Apply(got, src, c.size, nil)
			if !slices.Equal(got, definition(p, src, c.size, c.at, c.at, false)) {
				t.Errorf("%d of %d: not the crop at %d", c.crop, c.size, c.at)
			}
		}
	}
}

func TestRandomCropsAndMirrors(t *testing.T) {
	const size, crop = 12, 9
	p := Plan{Crop: crop, RandomCrop: true, Mirror: true, Norm: Caffe}
	src := photograph(size)
	type place struct {
		row, col int
		mirror   bool
	}
	crops := map[float32]place{} // by what is enough to tell them apart
	key := func(v []float32) float32 { return v[0] + 300*v[7] + 7e4*v[26] }
	for row := range size - crop + 1 {
		for col := range size - crop + 1 {
			for _, mirror := range []bool{false, true} {
				crops[key(definition(p, src, size, row, col, mirror))] = place{row, col, mirror}
			}
		}
	}
	if len(crops) != 32 {
		t.Fatalf("%d of 32 crops can be told apart", len(crops))
	}
	seen := map[place]int{}
	got := make([]float32, 3*crop*crop)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 3200 {
		p.Apply(got, src, size, rng)
		at, ok := crops[key(got)]
		if !ok || !slices.Equal(got, definition(p, src, size, at.row, at.col, at.mirror)) {
			t.Fatal("not a crop of the photograph")
		}
		seen[at]++
	}
	for at, n := range seen {
		if n < 60 || n > 140 {
			t.Errorf("%+v comes %d times of 3200, about 100 are right", at, n)
		}
	}
	if len(seen) != 32 {
		t.Errorf("%d of 32 crops come", len(seen))
	}
}

func TestSameDrawsSameBits(t *testing.T) {
	src := photograph(40)
	for _, p := range []Plan{
		{Crop: 30, RandomCrop: true, Mirror: true, Norm: Caffe},
		{Crop: 30, Resize: 34, RandomCrop: true, Mirror: true, Norm: ImageNet},
		{Crop: 30, MinArea: 0.2, Mirror: true, Norm: ImageNet},
	} {
		a, b := make([]float32, 3*30*30), make([]float32, 3*30*30)
		for seed := range uint64(20) {
			p.Apply(a, src, 40, rand.New(rand.NewPCG(seed, 0)))
			p.Apply(b, src, 40, rand.New(rand.NewPCG(seed, 0)))
			if !slices.Equal(a, b) {
				t.Errorf("%+v: seed %d gives two results", p, seed)
			}
		}
	}
}

// slow scales a window by the definition of a triangle filter, in float64, over rows and columns at once.
func slow(p Plan, src []byte, size int, w window, mirror bool) []float32 {
	filter := func(from, length float64, i int) []float64 {
		step := length / float64(p.Crop)
		reach := max(1, step)
		f := make([]float64, size)
		var sum float64
		for j := range f {
			f[j] = max(0, 1-math.Abs(float64(j)+0.5-(from+(float64(i)+0.5)*step))/reach)
			sum += f[j]
		}
		for j := range f {
			f[j] /= sum
		}
		return f
	}
	var out []float32
	for y := range p.Crop {
		fy := filter(w.y, w.h, y)
		for x := range p.Crop {
			if mirror {
				x = p.Crop - 1 - x
			}
			fx := filter(w.x, w.w, x)
			for c := range 3 {
				plane := src[p.Norm.plane(c)*size*size:]
				var sum float64
				for j, a := range fy {
					for i, b := range fx {
						sum += a * b * float64(plane[j*size+i])
					}
				}
				out = append(out, float32((sum-float64(p.Norm.Mean[c]))/float64(p.Norm.Std[c])))
			}
		}
	}
	return out
}

func TestScalingIsATriangleFilter(t *testing.T) {
	for _, c := range []struct {
		size, crop int
		w          window
	}{
		{20, 7, window{0, 0, 20, 20}},
		{20, 13, window{2, 5, 11, 9}},
		{16, 16, window{0, 0, 16, 16}},
		{10, 19, window{0, 0, 10, 10}},
		{10, 12, window{0.5, 1.25, 8, 8.5}},
		{30, 1, window{0, 0, 30, 30}},
		{1, 4, window{0, 0, 1, 1}},
	} {
		for _, mirror := range []bool{false, true} {
			p := Plan{Crop: c.crop, Norm: Caffe}
			src := photograph(c.size)
			got := make([]float32, 3*c.crop*c.crop)
			p.scaled(got, src, c.size, c.w, mirror)
			want := slow(p, src, c.size, c.w, mirror)
			for i := range got {
				if d := math.Abs(float64(got[i] - want[i])); d > 2e-4 {
					t.Fatalf("%+v, mirror %v: value %d is %v, want %v", c, mirror, i, got[i], want[i])
				}
			}
		}
	}
}

// A resize that changes nothing, and a crop of a resized photograph, agree with what they stand for.
func TestResize(t *testing.T) {
	src := photograph(24)
	plain, same := Plan{Crop: 16, Norm: Caffe}, Plan{Crop: 16, Resize: 24, Norm: Caffe}
	a, b := make([]float32, 3*16*16), make([]float32, 3*16*16)
	plain.Apply(a, src, 24, nil)
	same.Apply(b, src, 24, nil)
	if !slices.Equal(a, b) {
		t.Error("a resize to the same size changes the crop")
	}
	whole := make([]float32, 3*20*20)
	Plan{Crop: 20, Resize: 20, Norm: Caffe}.Apply(whole, src, 24, nil)
	Plan{Crop: 16, Resize: 20, Norm: Caffe}.Apply(a, src, 24, nil)
	for y := range 16 {
		for x := range 16 * 3 {
			if d := math.Abs(float64(a[y*48+x] - whole[(y+2)*60+x+6])); d > 2e-4 {
				t.Fatalf("row %d, value %d is off by %v", y, x, d)
			}
		}
	}
}

// Products with a plan's matrix give what Apply gives.
func TestMatrix(t *testing.T) {
	for _, c := range []struct{ size, resize, crop int }{{24, 20, 15}, {24, 31, 30}, {50, 12, 12}} {
		p := Plan{Crop: c.crop, Resize: c.resize, Norm: ImageNet}
		src := photograph(c.size)
		want := make([]float32, 3*c.crop*c.crop)
		p.Apply(want, src, c.size, nil)
		m := p.Matrix(c.size)
		for i := range want {
			y, x, channel := i/3/c.crop, i/3%c.crop, i%3
			var sum float64
			for row := range c.size {
				for column := range c.size {
					sum += float64(m[y*c.size+row]) * float64(m[x*c.size+column]) * float64(src[(channel*c.size+row)*c.size+column])
				}
			}
			if got := (sum - float64(p.Norm.Mean[channel])) / float64(p.Norm.Std[channel]); math.Abs(got-float64(want[i])) > 1e-4 {
				t.Fatalf("%+v: value %d is %g, want %g", c, i, got, want[i])
			}
		}
	}
}

func TestRandomResizedWindows(t *testing.T) {
	p := Plan{Crop: 10, MinArea: 0.25}
	rng := rand.New(rand.NewPCG(5, 6))
	least, most := 1.0, 0.0
	for range 5000 {
		w := p.resizedWindow(100, rng)
		if w.x < 0 || w.y < 0 || w.x+w.w > 100 || w.y+w.h > 100 {
			t.Fatalf("%+v lies outside", w)
		}
		if aspect := w.w / w.h; aspect < 0.73 || aspect > 1.37 {
			t.Errorf("%+v: aspect %v", w, aspect)
		}
		share := w.w * w.h / 1e4
		least, most = min(least, share), max(most, share)
	}
	if least < 0.24 || least > 0.27 || most < 0.97 {
		t.Errorf("areas from %v to %v", least, most)
	}
}

func TestCheck(t *testing.T) {
	good := Plan{Crop: 227, Norm: Caffe}
	if err := good.Check(256); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(p *Plan){
		"crop of 0":            func(p *Plan) { p.Crop = 0 },
		"photographs of 256":   func(p *Plan) { p.Crop = 300 },
		"resized to 200":       func(p *Plan) { p.Resize = 200 },
		"resize to -1":         func(p *Plan) { p.Resize = -1 },
		"least area":           func(p *Plan) { p.MinArea = 1 },
		"channel 1 is divided": func(p *Plan) { p.Norm.Std[1] = 0 },
	} {
		p := good
		change(&p)
		if err := p.Check(256); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestRestore(t *testing.T) {
	src := photograph(6)
	for _, norm := range []Normalisation{Caffe, TorchGoogLeNet, ImageNet} {
		p := Plan{Crop: 6, Norm: norm}
		pixels := make([]float32, 3*36)
		p.Apply(pixels, src, 6, nil)
		rgb := make([]byte, 3*36)
		norm.Restore(rgb, pixels)
		for i := range 36 {
			for c := range 3 {
				if rgb[3*i+c] != src[c*36+i] {
					t.Fatalf("%+v: pixel %d channel %d is %d, want %d", norm, i, c, rgb[3*i+c], src[c*36+i])
				}
			}
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	src, dst := photograph(64), make([]float32, 3*48*48)
	rng := rand.New(rand.NewPCG(1, 2))
	for _, p := range []Plan{
		{Crop: 48, RandomCrop: true, Mirror: true, Norm: Caffe},
		{Crop: 48, Resize: 56, RandomCrop: true, Mirror: true, Norm: Caffe},
		{Crop: 48, Resize: 56, MinArea: 0.3, Norm: Caffe},
	} {
		if n := testing.AllocsPerRun(50, func() { p.Apply(dst, src, 64, rng) }); n >= 1 {
			t.Errorf("%+v: %v allocations a call", p, n)
		}
	}
}

func BenchmarkApply(b *testing.B) {
	src, dst := photograph(256), make([]float32, 3*227*227)
	rng := rand.New(rand.NewPCG(1, 2))
	for name, p := range map[string]Plan{
		"crop":    {Crop: 227, RandomCrop: true, Mirror: true, Norm: Caffe},
		"resized": {Crop: 227, MinArea: 0.2, Mirror: true, Norm: Caffe},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				p.Apply(dst, src, 256, rng)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

func TestParseNormalisation(t *testing.T) {
	same := func(v float32) [3]float32 { return [3]float32{v, v, v} }
	for text, want := range map[string]Normalisation{
		"imagenet": ImageNet, "half": TorchGoogLeNet, "caffe": Caffe, "127/128": {Mean: same(127), Std: same(128)},
		"bgr:103.94,116.78,123.68/58.8": {BGR: true, Mean: [3]float32{103.94, 116.78, 123.68}, Std: same(58.8)}, "0/255": {Std: same(255)},
	} {
		if got, err := ParseNormalisation(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "resnet", "1", "1,2/3", "1/0", "1/-1", "nan/1", "1/1,2", "1e30/1"} {
		if n, err := ParseNormalisation(text); err == nil {
			t.Errorf("%q is read as %+v", text, n)
		}
	}
}
