package drawn

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

// The numbers of a pose are those of the map that draws it.
func TestPoseIsTheMap(t *testing.T) {
	mirrored := 0
	for seed := range uint64(50) {
		s := scene{rng: joints(seed), size: 80}
		m := s.pose()
		c, o, x := s.chosen, m.apply(at(0, 0)), m.apply(at(1, 0))
		y := m.apply(at(0, 1))
		if !near(o.x, 40*(1+c[poseX])) || !near(o.y, 40*(1+c[poseY])) {
			t.Errorf("the middle is at %v, told as %g, %g of half the image", o, c[poseX], c[poseY])
		}
		ax, ay := at(x.x-o.x, x.y-o.y), at(y.x-o.x, y.y-o.y)
		area := ax.x*ay.y - ax.y*ay.x // of what the unit square becomes, negative where it is mirrored
		if !near(math.Sqrt(math.Abs(area)), 40*c[poseScale]) {
			t.Errorf("the scale is %g, told as %g", math.Sqrt(math.Abs(area))/40, c[poseScale])
		}
		if (area < 0) != (c[poseMirror] == 1) {
			t.Errorf("mirrored: %t, told as %g", area < 0, c[poseMirror])
		}
		if area < 0 {
			ax = ax.scale(-1)
			mirrored++
		}
		if angle := math.Atan2(ax.y, ax.x); !near(angle, c[poseTurn]) {
			t.Errorf("turned by %g, told as %g", angle, c[poseTurn])
		}
		if c[poseAside] != math.Abs(c[poseX]) || c[poseTilt] != math.Abs(c[poseTurn]) {
			t.Errorf("aside %g of %g, tilted %g of %g", c[poseAside], c[poseX], c[poseTilt], c[poseTurn])
		}
	}
	if mirrored < 10 || mirrored > 40 {
		t.Errorf("%d of 50 are mirrored", mirrored)
	}
}

// Brightness and colour of the images follow the light that is told.
func TestLightIsSeen(t *testing.T) {
	s, err := New(Options{Classes: 6, PerClass: 30, Size: 32, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	var told, seen [2][]float64
	for class := range 6 {
		for index := range 30 {
			img, c := s.draw(class, index)
			var sum [3]float64
			for i, v := range img.Pix {
				if i%4 < 3 {
					sum[i%4] += math.Pow(float64(v)/255, 2.2)
				}
			}
			told[0], seen[0] = append(told[0], c[lightGain]), append(seen[0], sum[0]+sum[1]+sum[2])
			told[1], seen[1] = append(told[1], c[colourWarm]), append(seen[1], math.Log(sum[0]/sum[2]))
			if !near(math.Hypot(c[lightX], c[lightY]), 1) || c[lightY] > 0 {
				t.Errorf("the light comes from %g, %g", c[lightX], c[lightY])
			}
		}
	}
	for i, what := range []string{"brightness", "warmth"} {
		if r := correlation(told[i], seen[i]); r < 0.3 {
			t.Errorf("%s of the images goes with what is told at %.2f only", what, r)
		}
	}
}

func correlation(a, b []float64) float64 {
	mean := func(v []float64) (m float64) {
		for _, x := range v {
			m += x / float64(len(v))
		}
		return m
	}
	ma, mb := mean(a), mean(b)
	var ab, aa, bb float64
	for i := range a {
		ab, aa, bb = ab+(a[i]-ma)*(b[i]-mb), aa+(a[i]-ma)*(a[i]-ma), bb+(b[i]-mb)*(b[i]-mb)
	}
	return ab / math.Sqrt(aa*bb)
}

func TestFactorsFile(t *testing.T) {
	dir := t.TempDir()
	o := Options{Classes: 3, PerClass: 4, Size: 32, Seed: 9, Factors: filepath.Join(dir, "factors.csv")}
	if err := Draw(filepath.Join(dir, "pictures"), o); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(o.Factors)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != 13 || !slices.Equal(lines[0], append([]string{"picture", "class"}, factorNames[:]...)) {
		t.Fatalf("%d lines under %v", len(lines), lines[0])
	}
	o.Size = 16 // the choices do not hang on the size
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range lines[1:] {
		if _, err := os.Stat(filepath.Join(dir, "pictures", line[0])); err != nil || line[1] != s.Names()[i/4] {
			t.Errorf("line %d: %v, %v", i+2, line[:2], err)
		}
		_, c := s.draw(i/4, i%4)
		for k, want := range c {
			got, err := strconv.ParseFloat(line[2+k], 64)
			if err != nil || math.Abs(got-want) > 1e-5*math.Abs(want) {
				t.Errorf("line %d, %s: %s, want %g", i+2, factorNames[k], line[2+k], want)
			}
		}
	}
	o.Factors = filepath.Join(dir, "no", "such", "folder.csv")
	if Draw(filepath.Join(dir, "again"), o) == nil {
		t.Error("a table that cannot be written is no error")
	}
}
