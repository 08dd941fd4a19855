package googlenet

import (
	"fmt"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/weights"
)

func init() { backbone.Register(backbone.Default, room{}) }

// room is GoogLeNet's in the register.
type room struct{}

func of(s backbone.Spec) Spec {
	return Spec{Form: s.Form, Width: s.Width, FreezeStatistics: s.FreezeStatistics}
}

func (room) Check(s backbone.Spec) error {
	if s.Output != "" && s.Output != backbone.Features {
		return fmt.Errorf("backbone.output is %q; GoogLeNet's features are %q", s.Output, backbone.Features)
	}
	return of(s).Validate()
}

func (r room) New(s backbone.Spec, _ []byte) (backbone.Backbone, error) {
	if err := r.Check(s); err != nil {
		return nil, err
	}
	return of(s), nil
}

func (room) Read(_ string, f *weights.File, o backbone.Options) (backbone.Imported, error) {
	if f.Meta[backbone.MetaInner] != "" {
		return backbone.Imported{}, fmt.Errorf("a whole model that dvml exported: %w", backbone.ErrOther)
	}
	s, err := Detect(f)
	if err != nil {
		return backbone.Imported{}, err
	}
	in, err := s.Import(f)
	in.BatchNorm = s.Form == BN
	if o.Normalisation != nil {
		in.Normalisation = *o.Normalisation
	}
	return in, err
}

// Spec is what settings say of the network.
func (s Spec) Spec() backbone.Spec {
	return backbone.Spec{Form: s.Form, Width: s.Width, FreezeStatistics: s.FreezeStatistics}
}

// Structure is nil: the Spec says all.
func (Spec) Structure() []byte { return nil }
