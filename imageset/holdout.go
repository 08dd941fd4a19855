package imageset

import (
	"cmp"
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/dvml/dvml/internal/plural"
	"github.com/dvml/dvml/internal/spelling"
	"github.com/dvml/dvml/store"
)

// HoldOut says which classes are held out to judge a model by. The zero value follows the source, and deals half of the
// classes at random, with seed 0, where the source has no split.
type HoldOut struct {
	Fraction float64  // of the classes; 0: as the source has it, or half
	Classes  []string // or these, by name
	Random   bool     // whether half of the classes are dealt even where the source has a split
	Seed     uint64   // of the deal
}

// ParseHoldOut reads a fraction of the classes (0.3, 30%), random or random:SEED for half of them, or a list of their names,
// separated by commas, with quotes around a name that holds one. An empty text is the zero value.
func ParseHoldOut(text string) (HoldOut, error) {
	if text == "" {
		return HoldOut{}, nil
	}
	if rest, ok := strings.CutPrefix(text, "random"); ok && (rest == "" || rest[0] == ':') {
		h := HoldOut{Random: true}
		if rest == "" {
			return h, nil
		}
		var err error
		if h.Seed, err = strconv.ParseUint(rest[1:], 10, 64); err != nil {
			return h, fmt.Errorf("hold out %q: expected a whole number as the seed, such as random:7", text)
		}
		return h, nil
	}
	number, percent := strings.CutSuffix(text, "%")
	if f, err := strconv.ParseFloat(number, 64); err == nil {
		if percent {
			f /= 100
		}
		if f > 0 && f < 1 {
			return HoldOut{Fraction: f}, nil
		}
		if percent || f != math.Trunc(f) || math.IsInf(f, 0) {
			return HoldOut{}, fmt.Errorf("hold out %q: expected a fraction between 0 and 1", text)
		}
	}
	r := csv.NewReader(strings.NewReader(text))
	r.TrimLeadingSpace = true
	names, err := r.Read()
	if err != nil {
		return HoldOut{}, fmt.Errorf("hold out %q: expected names of classes, separated by commas: %w", text, err)
	}
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return HoldOut{Classes: names}, nil
}

// Chosen reports whether the split is dealt whatever the source says.
func (h HoldOut) Chosen() bool { return h.Random || h.Fraction > 0 || len(h.Classes) > 0 }

// Check looks for classes that the set lacks.
func (h HoldOut) Check(classes []string) error {
	for _, name := range h.Classes {
		if !slices.Contains(classes, name) {
			return fmt.Errorf("hold out %q: there is no class of that name; the set has %s%s", name, some(classes), spelling.Hint(name, classes))
		}
	}
	return nil
}

// Deal splits the classes that have images: count is how many each has. It returns the split of each class and says how it
// was dealt.
//
// The order is that of a digest of seed and name, so that another class more or less moves few others to the other side. Names
// often go by families: dealt by their order, a test would be of kinds that were never trained on, and depend on how things are
// called. Classes of a single image are dealt by themselves, as nothing is found for them.
func (h HoldOut) Deal(classes []string, count []int) (split []store.Split, how string) {
	split = make([]store.Split, len(classes))
	if len(h.Classes) > 0 {
		for i, name := range classes {
			if slices.Contains(h.Classes, name) {
				split[i] = store.Test
			}
		}
		return split, fmt.Sprintf("held out by name: %s", some(h.Classes))
	}
	fraction := h.Fraction
	if fraction == 0 {
		fraction = 0.5
	}
	var several, lone []int
	for i, n := range count {
		switch {
		case n > 1:
			several = append(several, i)
		case n == 1:
			lone = append(lone, i)
		}
	}
	all := len(several) + len(lone)
	held := all - int(math.Floor(float64(all)*(1-fraction)+1e-9))
	held = max(min(held, all-1), min(1, all-1), 0) // one at least on each side
	share := int(math.Round(fraction * float64(len(several))))
	share = min(max(share, held-len(lone)), held, len(several))
	h.shuffle(several, classes)
	h.shuffle(lone, classes)
	for _, i := range slices.Concat(several[:share], lone[:held-share]) {
		split[i] = store.Test
	}
	return split, fmt.Sprintf("%d of %s held out, drawn at random with seed %d", held, plural.Of(all, "class"), h.Seed)
}

// shuffle orders classes by a digest of seed and name.
func (h HoldOut) shuffle(group []int, classes []string) {
	key := map[int]string{}
	for _, i := range group {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", h.Seed, classes[i]))
		key[i] = string(sum[:])
	}
	slices.SortFunc(group, func(a, b int) int { return cmp.Compare(key[a], key[b]) })
}
