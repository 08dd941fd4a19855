package scan

// Hit is a row that was found.
type Hit struct {
	Row   int32
	Score float32
}

// before reports whether a ranks before b: it has the higher score, or the same and the lower row.
func (a Hit) before(b Hit) bool {
	return a.Score > b.Score || a.Score == b.Score && a.Row < b.Row
}

// top keeps the best k hits seen: a heap with the worst of them on top.
type top struct {
	hits []Hit
	k    int // 0: all
}

func (t *top) full() bool { return t.k > 0 && len(t.hits) == t.k }

// add keeps h if it is among the best, and reports whether it did.
func (t *top) add(h Hit) bool {
	if t.k == 0 {
		t.hits = append(t.hits, h)
		return true
	}
	if len(t.hits) < t.k {
		t.hits = append(t.hits, h)
		for c := len(t.hits) - 1; c > 0 && t.hits[(c-1)/2].before(t.hits[c]); c = (c - 1) / 2 {
			t.hits[c], t.hits[(c-1)/2] = t.hits[(c-1)/2], t.hits[c]
		}
		return true
	}
	if !h.before(t.hits[0]) {
		return false
	}
	t.hits[0] = h
	for p := 0; ; {
		c := 2*p + 1
		if c >= len(t.hits) {
			return true
		}
		if c+1 < len(t.hits) && t.hits[c].before(t.hits[c+1]) {
			c++
		}
		if !t.hits[p].before(t.hits[c]) {
			return true
		}
		t.hits[p], t.hits[c] = t.hits[c], t.hits[p]
		p = c
	}
}
