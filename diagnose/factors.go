package diagnose

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/dvml/dvml/store"
)

// Factors are what is known of every image of a data file beside its class: numbers such as the pose, the colour or the light.
type Factors struct {
	Names   []string
	Values  [][]float64 // [factor][image], images in the order of the data
	classes []string    // of each image, for a check; nil where the table does not say
}

// ReadFactors reads a CSV table of a line for each image of a data file, in the data's order, under a line of names. A column "class" is compared with the data's
// classes, columns "picture", "path" and "split" are passed over, and every other column is a factor: finite numbers. Names of the form group.factor, such as
// pose.turn, put factors into groups.
func ReadFactors(path string) (*Factors, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("factors: %w", err)
	}
	f, err := readFactors(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("factors: %s: %w", path, err)
	}
	return f, nil
}

func readFactors(from io.Reader) (*Factors, error) {
	r := csv.NewReader(from)
	r.ReuseRecord = true
	head, err := r.Read()
	if err == io.EOF {
		return nil, errors.New("it is empty; its first line names the columns")
	}
	if err != nil {
		return nil, err
	}
	f, columns := &Factors{}, make([]int, len(head)) // the number of each column's factor
	const passed, class = -1, -2
	head[0] = strings.TrimPrefix(head[0], "\ufeff")
	for i, name := range head {
		switch name = strings.TrimSpace(name); strings.ToLower(name) {
		case "picture", "path", "split":
			columns[i] = passed
		case "class":
			columns[i] = class
		case "":
			return nil, fmt.Errorf("column %d has no name in the first line", i+1)
		default:
			if slices.Contains(f.Names, name) {
				return nil, fmt.Errorf("two columns are called %s", name)
			}
			columns[i], f.Names = len(f.Names), append(f.Names, name)
		}
	}
	if len(f.Names) == 0 {
		return nil, errors.New("no column is a factor")
	}
	f.Values = make([][]float64, len(f.Names))
	for {
		row, err := r.Read()
		if err == io.EOF {
			return f, nil
		}
		if err != nil {
			return nil, err
		}
		for i, text := range row {
			switch k := columns[i]; k {
			case passed:
			case class:
				f.classes = append(f.classes, text)
			default:
				v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
				if line, _ := r.FieldPos(i); err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
					return nil, fmt.Errorf("line %d: %s is %q; a factor is a finite number", line, f.Names[k], text)
				}
				f.Values[k] = append(f.Values[k], v)
			}
		}
	}
}

// check holds the table against the data that it is said to be of.
func (f *Factors) check(data *store.Reader) error {
	if n := len(f.Values[0]); n != data.N() {
		return fmt.Errorf("factors: the table has %d lines for the %d images of the data; it takes one for each, in the order of the data", n, data.N())
	}
	labels, names := data.Labels(), data.Classes()
	for i, class := range f.classes {
		if want := names[labels[i]]; class != want {
			return fmt.Errorf("factors: line %d is of class %q, but image %d of the data is of class %q: the lines are in another order", i+2, class, i+1, want)
		}
	}
	return nil
}

// of are the factors of the images of the given numbers. One that does not vary over them is refused.
func (f *Factors) of(images []int) ([][]float64, error) {
	all := make([][]float64, len(f.Names))
	for k, values := range f.Values {
		for _, i := range images {
			all[k] = append(all[k], values[i])
		}
		if slices.Min(all[k]) == slices.Max(all[k]) {
			return nil, fmt.Errorf("factors: %s is %g for each of the %d held-out images: there is nothing to read; leave the column out", f.Names[k], all[k][0], len(images))
		}
	}
	return all, nil
}
