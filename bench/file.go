package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/internal/spelling"
)

// file measures the network in the file at path.
func (r *Result) file(backend compute.Backend, o Options, path string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("there is no part %q, and no file of that name; parts are %s%s", path, strings.Join(Parts, ", "), spelling.Hint(path, Parts))
	}
	b, err := checkpoint.ReadBackbone(path, backbone.Options{Normalisation: &augment.ImageNet}) // whatever it is, it takes no time here
	if err != nil {
		return err
	}
	size := o.Size
	if b.Size > 0 {
		size = b.Size
	}
	store := model.NewStore()
	if err := b.Fill(store); err != nil {
		return err
	}
	n, err := measured{b.Network, func() *model.Store { return store }, size, false}.run(backend, o)
	if err != nil {
		return err
	}
	if r.Files == nil {
		r.Files = map[string]*Network{}
	}
	r.Files[strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))] = n
	return nil
}
