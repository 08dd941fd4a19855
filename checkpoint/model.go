package checkpoint

import (
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/method"
)

// Settings are those that the state was trained under.
func (i Info) Settings() (*config.Config, error) { return config.Parse([]byte(i.Config)) }

// Model makes the model whose variables the state holds, under settings c: those of the state or,
// where a run begins or resumes, the run's. A network alone has no classes, of which a method has
// at least two; its heads are never built.
func (i Info) Model(c *config.Config) (*method.Model, error) {
	network, err := i.network(c)
	if err != nil {
		return nil, err
	}
	return method.NewModel(network, c.Method, max(i.Classes, 2), c.Seed)
}

func (i Info) network(c *config.Config) (backbone.Backbone, error) {
	return backbone.Open(c.Backbone.Spec, i.Structure)
}
