package server

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dvml/dvml/index"
)

// kinds are what can be decided, and of how many photographs.
var kinds = map[string]struct {
	least, most int
	values      []string // nil: the name of a class
}{
	"duplicate": {2, 2, []string{"same", "different"}},
	"pair":      {2, 2, []string{"same", "different"}},
	"label":     {1, 1, nil},
	"confusion": {1, 1, nil},
	"odd":       {1, 1, []string{"odd", "fine"}},
	"leak":      {1, 2, []string{"leak", "fine"}}, // of one where the very same content stands on both sides
}

// maxClass bounds the name of a class.
const maxClass = 1000

// decisionQuery is a decision as requests have it: of photographs by their hashes.
type decisionQuery struct {
	Kind  string `json:"kind"`
	A     string `json:"a"`
	B     string `json:"b"`
	Value string `json:"value"` // empty: the decision is taken back
}

type decisionView struct {
	Kind  string    `json:"kind"`
	A     string    `json:"a"`
	B     *string   `json:"b"`
	Value string    `json:"value"`
	At    time.Time `json:"at"`
}

// decision reads a query; the photographs have to be in the index.
func (q decisionQuery) decision(ctx context.Context, x *opened) (d index.Decision, err error) {
	of, known := kinds[q.Kind]
	two := q.B != "" && (q.B != q.A || of.least == 2)
	switch {
	case !known:
		return d, invalid("kind %q; expected duplicate, label, odd, confusion, leak or pair", q.Kind)
	case of.least == 2 && !two:
		return d, invalid("a decision of kind %s is of two photographs, a and b", q.Kind)
	case of.most == 1 && two:
		return d, invalid("a decision of kind %s is of one photograph, a", q.Kind)
	case q.Value != "" && of.values != nil && !slices.Contains(of.values, q.Value):
		return d, invalid("value %q of kind %s; expected %s", q.Value, q.Kind, strings.Join(of.values, " or "))
	case len(q.Value) > maxClass || strings.ContainsFunc(q.Value, func(r rune) bool { return r < ' ' }):
		return d, invalid("value: expected the name of a class")
	}
	d = index.Decision{Kind: q.Kind, Value: q.Value, At: time.Now()}
	if d.A, err = knownHash(ctx, x, q.A); err != nil {
		return d, err
	}
	d.B = d.A
	if two {
		d.B, err = knownHash(ctx, x, q.B)
	}
	if err == nil && two && d.A == d.B {
		return d, invalid("a and b are the same photograph")
	}
	return d, err
}

func knownHash(ctx context.Context, x *opened, text string) (h index.Hash, err error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(h) {
		return h, invalid("%q is not the hash of a photograph: 64 hexadecimal digits", text)
	}
	copy(h[:], raw)
	_, err = x.ByHash(ctx, h)
	return h, err
}

func (s *Server) postDecision(c *call) error {
	var q decisionQuery
	if err := s.decodeJSON(c, &q); err != nil {
		return err
	}
	x, err := s.library.acquire()
	if err != nil {
		return err
	}
	defer x.release()
	d, err := q.decision(c.r.Context(), x)
	if err != nil {
		return err
	}
	if err := s.decide(d); err != nil {
		return err
	}
	v := decisionView{Kind: d.Kind, A: d.A.String(), Value: d.Value, At: d.At.UTC()}
	if d.B != d.A {
		b := d.B.String()
		v.B = &b
	}
	return c.json(http.StatusOK, v)
}

// decide writes a decision. When it returns nil the decision is on the disk.
func (s *Server) decide(d index.Decision) error {
	return s.write(func(w *index.Writer) error { return w.Decide(d) })
}

// write changes the index. When it returns nil the change is on the disk.
func (s *Server) write(change func(*index.Writer) error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	err := index.Change(s.o.Index, change)
	if errors.Is(err, index.ErrLocked) {
		return &problem{http.StatusServiceUnavailable, "the index is being written to, as by `dvml index`; try again", "writing", time.Second}
	}
	return err
}

// getDecisions writes a table that `dvml prepare` reads: the path of every photograph with its
// class, corrected where that was decided. Photographs that were found odd are left out, and of two
// that were found the same, or a leak, the second; the same content at several paths is written
// once. Pairs that were marked as the same give classes to photographs that have none: see marked.
func (s *Server) getDecisions(c *call) error {
	x, err := s.shelf(c)
	if err != nil {
		return err
	}
	defer x.release()
	all, err := x.Decisions(c.r.Context(), "")
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b index.Decision) int { return a.At.Compare(b.At) }) // the last one holds
	class, out := map[index.Hash]string{}, map[index.Hash]bool{}
	for i := range x.snap.items {
		class[x.snap.items[i].Hash] = x.snap.items[i].Class()
	}
	var pairs []index.Decision
	for _, d := range all {
		switch {
		case d.Kind == "label", d.Kind == "confusion":
			class[d.A] = d.Value
		case d.Kind == "odd":
			out[d.A] = d.Value == "odd"
		case d.Kind == "duplicate" && d.Value == "same", d.Kind == "leak" && d.Value == "leak" && d.A != d.B:
			out[d.B] = true
		case d.Kind == "pair":
			pairs = append(pairs, d)
		}
	}
	marked(pairs, class)
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	rows := [][]string{{"path", "label"}}
	for i := range x.snap.items {
		item := &x.snap.items[i]
		if label := class[item.Hash]; label != "" && !out[item.Hash] {
			rows = append(rows, []string{x.names.item(item).Path, label})
		}
	}
	if err := w.WriteAll(rows); err != nil {
		return err
	}
	c.w.Header().Set("Content-Disposition", `attachment; filename="decisions.csv"`)
	c.w.Header().Set("Cache-Control", "no-store")
	return c.raw("text/csv; charset=utf-8", text.Bytes())
}

// marked gives classes to photographs that have none, by pairs that were marked as the same: those
// that pairs connect form a group, and get the one class that its others have, or, where none has
// any, one of their own, marked-1 and so on. A group with several classes, or with two photographs
// that were marked as different, tells nothing: somebody has to say first which mark is wrong.
func marked(pairs []index.Decision, class map[index.Hash]string) {
	group := map[index.Hash][]index.Hash{} // of each photograph in one: all of its group, which share the slice's content
	for _, d := range pairs {
		for _, h := range []index.Hash{d.A, d.B} {
			if group[h] == nil {
				group[h] = []index.Hash{h}
			}
		}
		if a, b := group[d.A], group[d.B]; d.Value == "same" && a[0] != b[0] {
			joined := append(slices.Clone(a), b...)
			for _, h := range joined {
				group[h] = joined
			}
		}
	}
	contradicted := map[index.Hash]bool{} // by the first of a group
	for _, d := range pairs {
		if first := group[d.A][0]; d.Value == "different" && first == group[d.B][0] {
			contradicted[first] = true
		}
	}
	fresh := 0
	for _, d := range pairs { // in the order of the decisions, so that names stay
		members := group[d.A]
		if len(members) < 2 || contradicted[members[0]] || class[d.A] != "" && class[d.B] != "" {
			continue
		}
		name, several := "", false
		for _, h := range members {
			several = several || name != "" && class[h] != "" && class[h] != name
			name = cmp.Or(name, class[h])
		}
		if several {
			continue
		}
		if name == "" {
			fresh++
			name = fmt.Sprintf("marked-%d", fresh)
		}
		for _, h := range members {
			class[h] = name
		}
	}
}
