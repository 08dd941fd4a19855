package variation_test

import (
	"fmt"

	"github.com/dvml/dvml/variation"
)

// Two classes: the second varies three times as far as the first, about another centre.
func ExampleTest() {
	s := variation.Sample{Dim: 1}
	for i := range 41 {
		v := float32(i-20) / 20
		s.Rows = append(s.Rows, 5+v, -5+3*v)
		s.Labels = append(s.Labels, 0, 1)
	}
	r, err := variation.Test(s.Centred(), variation.Options{})
	fmt.Printf("distance %.2f, p %.3f, relative deviation of the variances %.2f, %v\n", r.Statistic, r.P, r.Deviation, err)
	// Output: distance 0.34, p 0.017, relative deviation of the variances 1.13, <nil>
}
