package server

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dvml/dvml/calibrate"
	"github.com/dvml/dvml/index"
)

// itemView is a photograph as answers have it.
type itemView struct {
	ID     int64       `json:"id"`
	Hash   string      `json:"hash"`
	Path   string      `json:"path"`
	Class  string      `json:"class"`
	Places []placeView `json:"places"`
	Width  int         `json:"width"`
	Height int         `json:"height"`
	Bytes  int64       `json:"bytes"`
	Added  time.Time   `json:"added"`
	Thumb  string      `json:"thumb"`
}

type placeView struct {
	Path     string    `json:"path"`
	Class    string    `json:"class"`
	Root     string    `json:"root"`
	Gone     bool      `json:"gone"`
	Modified time.Time `json:"modified"`
}

// hashPrefix is how many digits of a hash a thumbnail's address has: another photograph under the
// same number has another address.
const hashPrefix = 16

// names are how an answer names files. A server on this machine alone names them as the index does;
// one that others reach names the folders that were indexed by their last part, and files from
// there.
type names struct {
	open  bool
	roots []string // of the index
}

func (s *Server) names(snap *snapshot) names { return names{s.o.Loopback, snap.roots()} }

// root is what a folder that was indexed is called: by its last part, with a number where several share it.
func (n names) root(root string) string {
	if n.open {
		return root
	}
	at, same := slices.Index(n.roots, root), 0
	for _, r := range n.roots[:max(at, 0)] {
		if filepath.Base(r) == filepath.Base(root) {
			same++
		}
	}
	if name := filepath.Base(root); same == 0 {
		return name
	} else {
		return fmt.Sprintf("%s (%d)", name, same+1)
	}
}

func (n names) path(p index.Place) string {
	if n.open {
		return p.Path
	}
	rest, err := filepath.Rel(p.Root, p.Path)
	if err != nil || strings.HasPrefix(rest, "..") {
		rest = filepath.Base(p.Path)
	}
	return n.root(p.Root) + "/" + filepath.ToSlash(rest)
}

// folder is the folder that a request names.
func (n names) folder(name string) (string, error) {
	if n.open || name == "" {
		if name != "" && !filepath.IsAbs(name) {
			return "", invalid("folder %q; expected one that /v1/folders lists", name)
		}
		return name, nil
	}
	for _, root := range n.roots {
		if top := n.root(root); within(name, top, "/") {
			return filepath.Join(root, filepath.FromSlash(strings.TrimPrefix(name, top))), nil
		}
	}
	return "", invalid("folder %q; expected one that /v1/folders lists", name)
}

func (n names) item(i *index.Item) itemView {
	hash := i.Hash.String()
	v := itemView{ID: i.ID, Hash: hash, Class: i.Class(), Width: i.Width, Height: i.Height, Bytes: i.Bytes, Added: i.Added.UTC(), Places: []placeView{},
		Thumb: fmt.Sprintf("/v1/thumb/%d?h=%s", i.ID, hash[:hashPrefix])}
	path := i.Path()
	for _, p := range i.Places {
		name := n.path(p)
		if p.Path == path {
			v.Path = name
		}
		v.Places = append(v.Places, placeView{name, p.Class, n.root(p.Root), p.Gone, p.Modified.UTC()})
	}
	return v
}

// Words for probabilities, and the least of each.
const (
	same    = .9
	likely  = .5
	perhaps = .1
)

func word(probability *float64) *string {
	w := ""
	switch {
	case probability == nil || *probability < perhaps:
		return nil
	case *probability >= same:
		w = "same"
	case *probability >= likely:
		w = "likely"
	default:
		w = "perhaps"
	}
	return &w
}

// hitView is a photograph that was found.
type hitView struct {
	Item        itemView `json:"item"`
	Score       float64  `json:"score"`
	Distance    float64  `json:"distance"`
	Probability *float64 `json:"probability"`
	Word        *string  `json:"word"`
}

// probability is P(same) of a photograph of a collection; nil where the index is not calibrated.
func probability(fitted *calibrate.Calibration, score float32) *float64 {
	if fitted == nil {
		return nil
	}
	p := fitted.OfHit(float64(score))
	return &p
}

// hits describes what was found. What vanished between is left out.
func (n names) hits(snap *snapshot, fitted *calibrate.Calibration, found []index.Hit) []hitView {
	out := make([]hitView, 0, len(found))
	for _, h := range found {
		item, err := snap.item(h.ID)
		if err != nil {
			continue
		}
		out = append(out, n.hit(item, fitted, h))
	}
	return out
}

func (n names) hit(item *index.Item, fitted *calibrate.Calibration, h index.Hit) hitView {
	p := probability(fitted, h.Score)
	return hitView{n.item(item), float64(h.Score), h.Distance(), p, word(p)}
}

// name is what the model is called: its file, without the folder.
func (m *loaded) name() string {
	name := filepath.Base(m.info.Path)
	if parent := filepath.Base(filepath.Dir(m.info.Path)); name == "best.safetensors" && parent != "." && parent != string(filepath.Separator) {
		return parent // the folder of a run
	}
	return strings.TrimSuffix(name, filepath.Ext(name))
}
