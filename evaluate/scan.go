package evaluate

import "math"

// two are the best and second best centre of a row among some.
type two struct {
	best          int32 // -1: none
	first, second float32
}

var none = two{-1, float32(math.Inf(-1)), float32(math.Inf(-1))}

// offer takes centre j at nearness s into account; centres must come with ascending numbers.
func (t *two) offer(j int32, s float32) {
	if s > t.first || t.best < 0 {
		t.best, t.first, t.second = j, s, t.first
	} else if s > t.second {
		t.second = s
	}
}

// merge is the two best of both.
func (t two) merge(o two) two {
	if o.best < 0 {
		return t
	}
	if t.best < 0 || o.first > t.first || o.first == t.first && o.best < t.best {
		t, o = o, t
	}
	t.second = max(t.second, o.first)
	return t
}

// lanes is what the assembly leaves: in each lane the largest value, the second largest, and the number of the vector that held the largest.
type lanes struct {
	first, second [16]float32
	at            [16]int32
}

// scan offers a row of products with centres, whose numbers ascend.
func (t *two) scan(products, half []float32, id []int32) {
	half, id = half[:len(products)], id[:len(products)]
	done := t.scanFast(products, half, id)
	for j, p := range products[done:] {
		if s := p - half[done+j]; s > t.second || t.best < 0 {
			t.offer(id[done+j], s)
		}
	}
}

// take merges the first width lanes, whose values are those of centres id.
func (t *two) take(l *lanes, width int, id []int32) {
	for lane := range width {
		if l.first[lane] <= t.second && t.best >= 0 && l.first[lane] != t.first {
			continue
		}
		*t = t.merge(two{id[int(l.at[lane])*width+lane], l.first[lane], l.second[lane]})
	}
}
