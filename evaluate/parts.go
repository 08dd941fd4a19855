package evaluate

import "fmt"

// EvaluateParts is [EvaluateGallery] for rows of one matrix, as it is [Evaluate] where nothing is marked: rows that gallery marks [N] are searched by the
// others. gallery nil: all rows search one another.
func EvaluateParts(emb []float32, dim int, labels []int32, gallery []bool, o Options) (Result, error) {
	if gallery == nil {
		return Evaluate(emb, dim, labels, o)
	}
	if len(gallery) != len(labels) || len(emb) != dim*len(labels) {
		return Result{}, fmt.Errorf("evaluate: %d values of %d a row, %d labels and %d marks of the gallery: expected one of each for each row", len(emb), dim, len(labels), len(gallery))
	}
	asking, searched := parts(gallery)
	return EvaluateGallery(pick(emb, dim, asking), pick(labels, 1, asking), pick(emb, dim, searched), pick(labels, 1, searched), dim, o)
}

// SearchParts is [Search] for rows of one matrix, with gallery as [EvaluateParts] has it. asking are the rows that ask, ascending; h are their hits, as
// rows of emb too.
func SearchParts(emb []float32, dim, k int, gallery []bool, o RetrieveOptions) (asking []int, h Hits, err error) {
	if gallery == nil {
		if h, err = Search(nil, emb, dim, k, o); err != nil {
			return nil, Hits{}, err
		}
		for i := range len(emb) / dim {
			asking = append(asking, i)
		}
		return asking, h, nil
	}
	if len(emb) != dim*len(gallery) {
		return nil, Hits{}, fmt.Errorf("evaluate: %d values of %d a row and %d marks of the gallery: expected one for each row", len(emb), dim, len(gallery))
	}
	asking, searched := parts(gallery)
	if h, err = Search(pick(emb, dim, asking), pick(emb, dim, searched), dim, k, o); err != nil {
		return nil, Hits{}, err
	}
	for i, at := range h.Index {
		h.Index[i] = int32(searched[at])
	}
	return asking, h, nil
}

// parts returns the places of the rows that ask and of those that are marked as searched.
func parts(gallery []bool) (asking, searched []int) {
	for i, marked := range gallery {
		if marked {
			searched = append(searched, i)
		} else {
			asking = append(asking, i)
		}
	}
	return asking, searched
}

// pick copies the rows of dim values at places.
func pick[T any](rows []T, dim int, places []int) []T {
	picked := make([]T, 0, dim*len(places))
	for _, i := range places {
		picked = append(picked, rows[i*dim:(i+1)*dim]...)
	}
	return picked
}

// VerifyParts is [VerifyGallery] for rows of one matrix, with gallery as [EvaluateParts] has it.
func VerifyParts(emb []float32, dim int, labels []int32, gallery []bool, o VerifyOptions) (Verification, error) {
	if gallery == nil {
		return Verify(emb, dim, labels, o)
	}
	asking, searched := parts(gallery)
	return VerifyGallery(pick(emb, dim, asking), pick(labels, 1, asking), pick(emb, dim, searched), pick(labels, 1, searched), dim, o)
}
