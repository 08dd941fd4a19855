package calibrate

import (
	"errors"
	"fmt"
	"slices"
)

// OfHit is the probability that a hit of that similarity (cosine) shows what the query shows, in a
// collection like the held-out one: Curve.Prior at Share.
func (c *Calibration) OfHit(similarity float64) float64 { return c.Curve.Prior(similarity, c.Share) }

// LeastSimilar is a similarity, -1 to 1, below which no hit has probability p or more (see OfHit):
// where a search for such hits may end. It is at most 1e-9 too low.
func (c *Calibration) LeastSimilar(p float64) float64 { return c.Curve.least(p, c.OfHit) }

// Known reports whether the gallery holds the thing that a query shows, given the similarity of its
// nearest photograph. Missed and False say how often that is wrong in a gallery of that many
// photographs.
func (o Open) Known(nearest float64) bool { return nearest >= o.Threshold }

// Check tells what a calibration that was read from a file lacks.
func (c *Calibration) Check() error {
	switch curve := c.Curve; {
	case curve.Form != Logistic && curve.Form != Isotonic:
		return fmt.Errorf("the curve's form is %q; expected %s or %s", curve.Form, Logistic, Isotonic)
	case len(curve.Points) != len(curve.P) || curve.Form == Isotonic && len(curve.P) == 0:
		return fmt.Errorf("a curve of %d points and %d probabilities", len(curve.Points), len(curve.P))
	case !slices.IsSorted(curve.Points) || !slices.IsSorted(curve.P):
		return errors.New("a curve that does not rise")
	case !(c.Share >= 0 && c.Share <= 1):
		return fmt.Errorf("share %v; expected 0 to 1", c.Share)
	}
	return nil
}
