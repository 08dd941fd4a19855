package bench

import (
	"fmt"
	"slices"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone/googlenet"
)

// Pair compares the training steps of two engines on one network, taken in turn, so that other work on the machine disturbs both alike.
type Pair struct {
	Part  string  `json:"part"`        // "caffe" or "bn"
	One   float64 `json:"one_img_s"`   // images a second, median
	Other float64 `json:"other_img_s"` // the same of the other
	Ratio float64 `json:"ratio"`       // One over Other, the median over the turns
}

// Beside takes o.Repeat steps of each engine in turn, after a first one, for the networks among o.Only.
func Beside(one, other compute.Backend, o Options) ([]Pair, error) {
	var pairs []Pair
	for _, part := range o.Only {
		form, ok := map[string]string{"caffe": googlenet.Original, "bn": googlenet.BN}[part]
		if !ok {
			continue
		}
		if o.Say != nil {
			o.Say(part)
		}
		p, err := beside(one, other, o, form)
		if err != nil {
			return nil, fmt.Errorf("bench: %s: %w", part, err)
		}
		p.Part = part
		pairs = append(pairs, p)
	}
	return pairs, nil
}

func beside(one, other compute.Backend, o Options, form string) (p Pair, err error) {
	var steps [2]func() error
	for i, b := range []compute.Backend{one, other} {
		images := noise(o.Batch, o.Size, o.Size, 3)
		step, free, err := trainingStep(b, model.NewStore(), spec(form), o, form == googlenet.Original)
		if err != nil {
			return p, err
		}
		defer free()
		steps[i] = func() error { return step(images) }
	}
	var seconds [2][]float64
	var ratios []float64
	for turn := range o.Repeat + 1 {
		var took [2]float64
		for i, step := range steps {
			began := time.Now()
			if err := step(); err != nil {
				return p, err
			}
			took[i] = time.Since(began).Seconds()
		}
		if turn > 0 {
			seconds[0], seconds[1] = append(seconds[0], took[0]), append(seconds[1], took[1])
			ratios = append(ratios, took[1]/took[0])
		}
	}
	return Pair{One: float64(o.Batch) / median(seconds[0]), Other: float64(o.Batch) / median(seconds[1]), Ratio: median(ratios)}, nil
}

// median sorts v and returns its middle, the upper of two.
func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
