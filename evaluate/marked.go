package evaluate

import "fmt"

// EvaluateMarked is [EvaluateGallery] for rows of one matrix, as it is [Evaluate] where nothing is marked: rows that gallery marks [N] are searched by the
// others. gallery nil: all rows search one another.
func EvaluateMarked(emb []float32, dim int, labels []int32, gallery []bool, o Options) (Result, error) {
	if gallery == nil {
		return Evaluate(emb, dim, labels, o)
	}
	if len(gallery) != len(labels) || len(emb) != dim*len(labels) {
		return Result{}, fmt.Errorf("evaluate: %d values of %d a row, %d labels and %d marks of the gallery: expected one of each for each row", len(emb), dim, len(labels), len(gallery))
	}
	queryRows, galleryRows := split(gallery)
	return EvaluateGallery(pick(emb, dim, queryRows), pick(labels, 1, queryRows), pick(emb, dim, galleryRows), pick(labels, 1, galleryRows), dim, o)
}

// SearchMarked is [Search] for rows of one matrix, with gallery as [EvaluateMarked] has it. queryRows are the queries, ascending; h are their hits, as
// rows of emb too.
func SearchMarked(emb []float32, dim, k int, gallery []bool, o RetrieveOptions) (queryRows []int, h Hits, err error) {
	if gallery == nil {
		if h, err = Search(nil, emb, dim, k, o); err != nil {
			return nil, Hits{}, err
		}
		for i := range len(emb) / dim {
			queryRows = append(queryRows, i)
		}
		return queryRows, h, nil
	}
	if len(emb) != dim*len(gallery) {
		return nil, Hits{}, fmt.Errorf("evaluate: %d values of %d a row and %d marks of the gallery: expected one for each row", len(emb), dim, len(gallery))
	}
	queryRows, galleryRows := split(gallery)
	if h, err = Search(pick(emb, dim, queryRows), pick(emb, dim, galleryRows), dim, k, o); err != nil {
		return nil, Hits{}, err
	}
	for i, at := range h.Index {
		h.Index[i] = int32(galleryRows[at])
	}
	return queryRows, h, nil
}

// split returns the places of the queries and of the rows that are marked as the gallery.
func split(gallery []bool) (queryRows, galleryRows []int) {
	for i, marked := range gallery {
		if marked {
			galleryRows = append(galleryRows, i)
		} else {
			queryRows = append(queryRows, i)
		}
	}
	return queryRows, galleryRows
}

// pick copies the rows of dim values at places.
func pick[T any](rows []T, dim int, places []int) []T {
	picked := make([]T, 0, dim*len(places))
	for _, i := range places {
		picked = append(picked, rows[i*dim:(i+1)*dim]...)
	}
	return picked
}

// VerifyMarked is [VerifyGallery] for rows of one matrix, with gallery as [EvaluateMarked] has it.
func VerifyMarked(emb []float32, dim int, labels []int32, gallery []bool, o VerifyOptions) (Verification, error) {
	if gallery == nil {
		return Verify(emb, dim, labels, o)
	}
	queryRows, galleryRows := split(gallery)
	return VerifyGallery(pick(emb, dim, queryRows), pick(labels, 1, queryRows), pick(emb, dim, galleryRows), pick(labels, 1, galleryRows), dim, o)
}
