package kernel

// Epilogue is what a product's last pass does to its result, in this order: add to what is there, add the bias, clamp at zero.
type Epilogue struct {
	Accumulate bool      // add to the destination instead of overwriting it
	Bias       []float32 // [columns], added to every row; nil for none
	ReLU       bool      // replace negative results by 0
}

// finish applies bias and ReLU to a row of results.
func (e *Epilogue) finish(row []float32) {
	if e.Bias != nil {
		for i, b := range e.Bias[:len(row)] {
			row[i] += b
		}
	}
	if e.ReLU {
		for i, v := range row {
			row[i] = max(v, 0)
		}
	}
}
