package diagnose

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/dvml/dvml/embed"
)

func TestReadFactors(t *testing.T) {
	f, err := readFactors(strings.NewReader("\ufeffpicture,Class,pose.x,light\na/1.png,a,1,-2e3\na/2.png,a,\"2\", 0.5\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := &Factors{Names: []string{"pose.x", "light"}, Values: [][]float64{{1, 2}, {-2000, 0.5}}, classes: []string{"a", "a"}}
	if !reflect.DeepEqual(f, want) {
		t.Errorf("read %+v, want %+v", f, want)
	}
	for text, part := range map[string]string{
		"":                        "empty",
		"picture,class\na,b\n":    "no column is a factor",
		"x,x\n1,2\n":              "two columns are called x",
		"x,\n1,2\n":               "column 2 has no name",
		"x,y\n1\n":                "wrong number of fields",
		"x,y\n1,2\n3,red\n":       `line 3: y is "red"`,
		"x,y\n1,\n":               `line 2: y is ""`,
		"class,x\na,1\na,NaN\n":   "finite",
		"class,x\na,1\na,1e999\n": "finite",
	} {
		if f, err := readFactors(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %+v, %v", text, f, err)
		}
	}
}

// Whatever is read is whole: a value of each factor for each line, finite.
func FuzzReadFactors(f *testing.F) {
	f.Add("picture,class,pose.x\na,b,1\n")
	f.Add("x\n1\n2")
	f.Add("\"x\ny\",z\n1,2")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readFactors(strings.NewReader(text))
		if err != nil {
			return
		}
		for k, values := range got.Values {
			if len(values) != len(got.Values[0]) {
				t.Fatalf("%s has %d values, %s %d", got.Names[k], len(values), got.Names[0], len(got.Values[0]))
			}
			for _, v := range values {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%s holds %v", got.Names[k], v)
				}
			}
		}
	})
}

func TestFactorsThatDoNotVaryAreRefused(t *testing.T) {
	f := &Factors{Names: []string{"a", "b"}, Values: [][]float64{{1, 2, 3, 4}, {5, 5, 6, 7}}}
	if got, err := f.of([]int{1, 3}); err != nil || !reflect.DeepEqual(got, [][]float64{{2, 4}, {5, 7}}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := f.of([]int{0, 1}); err == nil || !strings.Contains(err.Error(), "b is 5") {
		t.Errorf("a factor that does not vary: %v", err)
	}
}

// Noise that drowns a mean leaves the mean readable and its draws not; a part of a table is the mean over a group.
func TestProbesOfMuAndOfDraws(t *testing.T) {
	const n = 300
	s, h, o := &subject{}, embed.Heads{Dim: 1}, Options{Seed: 3, Factors: &Factors{Names: []string{"pose.x", "light", "pose.y"}, Values: make([][]float64, 3)}}
	for i := range n {
		v := math.Sin(float64(i * i))
		for k, value := range []float64{v, float64(i%7) - 3, -2 * v} {
			o.Factors.Values[k] = append(o.Factors.Values[k], value)
		}
		s.indices, s.labels = append(s.indices, i), append(s.labels, int32(i%3))
		h.ZI, h.Mu, h.LogVar = append(h.ZI, float32(i%3)), append(h.Mu, float32(v/100)), append(h.LogVar, float32(i%7))
	}
	d := &Diagnosis{}
	if err := d.probe(s, h, h.ZI, o); err != nil {
		t.Fatal(err)
	}
	of := map[string][]float64{}
	for _, p := range d.Probes {
		of[p.Of] = append([]float64{p.Class}, p.Factors...)
	}
	for _, c := range []struct {
		of     string
		factor int // 0: the class
		want   float64
	}{{"μ", 1, 1}, {"μ", 3, 1}, {"μ", 2, 0}, {"μ, log σ²", 2, 1}, {"z_V", 1, 0}, {"z_V", 3, 0}, {"z_I", 1, 0}, {"z_I", 2, 0}, {"features", 1, 0}} {
		if got := of[c.of][c.factor]; math.Abs(got-c.want) > 0.06 {
			t.Errorf("%s, %d: %.3f, want %g", c.of, c.factor, got, c.want)
		}
	}
	if of["z_I"][0] < 0.6 { // a line over three classes tells the outer two
		t.Errorf("the class is read off z_I at %.2f", of["z_I"][0])
	}
	header, rows := d.ReadoutTable(true)
	if want := []string{"vectors", "class", "pose", "light"}; !reflect.DeepEqual(header, want) {
		t.Errorf("columns %v, want %v", header, want)
	}
	if want := []string{"μ", rows[2][1], "1.000"}; !reflect.DeepEqual(rows[2][:3], want) {
		t.Errorf("row %v, want %v ...", rows[2], want)
	}
	if header, _ := d.ReadoutTable(false); len(header) != 5 {
		t.Errorf("columns %v: want one for each factor", header)
	}
}
