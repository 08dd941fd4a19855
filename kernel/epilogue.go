package kernel

// Epilogue is what a product's last pass does to its result, in this order: add to what is there, scale, add the bias, clamp at zero, limit.
type Epilogue struct {
	Accumulate bool      // add to the destination instead of overwriting it
	Scale      []float32 // [columns], factors of every row; nil for none
	Bias       []float32 // [columns], added to every row; nil for none
	ReLU       bool      // replace negative results by 0
	Limit      float32   // replace results above it by it; 0 for none. With ReLU and 6 it is ReLU6
}

// finish applies scale, bias, ReLU and limit to a row of results.
func (e *Epilogue) finish(row []float32) {
	if e.Scale != nil {
		for i, f := range e.Scale[:len(row)] {
			row[i] *= f
		}
	}
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
	if e.Limit > 0 {
		for i, v := range row {
			row[i] = min(v, e.Limit)
		}
	}
}

// need panics if the scale or the bias does not cover n columns.
func (e *Epilogue) need(n int) {
	if e.Scale != nil {
		need("scale", e.Scale, n)
	}
	if e.Bias != nil {
		need("bias", e.Bias, n)
	}
}

// part is the epilogue of columns [from,from+n).
func (e Epilogue) part(from, n int) Epilogue {
	if e.Scale != nil {
		e.Scale = e.Scale[from:][:n]
	}
	if e.Bias != nil {
		e.Bias = e.Bias[from:][:n]
	}
	return e
}
