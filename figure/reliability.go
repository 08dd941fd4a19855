package figure

import "image"

// Reliability draws what share of pairs came true (observed) for each predicted probability, beside
// the diagonal that a calibrated prediction lies on.
func Reliability(title string, predicted, observed []float64) (image.Image, error) {
	return Curves([]Panel{{
		Title: title, XLabel: "predicted probability", YLabel: "share that is the same",
		Series: []Series{{Name: "held-out classes", X: predicted, Y: observed}, {Name: "perfect", X: []float64{0, 1}, Y: []float64{0, 1}}},
	}})
}
