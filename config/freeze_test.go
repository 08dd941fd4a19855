package config

import (
	"strings"
	"testing"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/backbone/googlenet"
)

func TestFreezeIsChecked(t *testing.T) {
	for want, f := range map[string]Freeze{
		`the network has no "inception_6" to cut at; it has conv1, conv2, inception_3a`: {Until: "inception_6"},
		"name one of them":         {Part: "backbone", Until: "conv2"},
		"freeze.part is \"heads\"": {Part: "heads"},
		"freeze.crops is -1":       {Part: "backbone", Crops: -1},
		"all be the centre crop":   {Until: "conv2", Crops: 2},
		"freeze.unfreeze_at is -1": {Part: "backbone", UnfreezeAt: -1},
	} {
		c, err := Preset("laptop")
		if err != nil {
			t.Fatal(err)
		}
		c.Data = "x.h5"
		c.Image.RandomCrop, c.Image.Mirror, c.Freeze = false, false, f
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", f, err, want)
		}
	}
	for _, stage := range (googlenet.Spec{}).Cuts() {
		c, err := Preset("laptop")
		if err != nil {
			t.Fatal(err)
		}
		c.Data = "x.h5"
		c.Freeze = Freeze{Until: stage, Crops: 1}
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", stage, err)
		}
	}
}

func TestWarmStartKeepsBatchNormsStatistics(t *testing.T) {
	for _, c := range []struct {
		form, part string
		want       bool
	}{{googlenet.BN, "backbone", true}, {googlenet.BN, "", false}, {googlenet.Original, "backbone", false}} {
		cfg, err := base()
		if err != nil {
			t.Fatal(err)
		}
		cfg.Freeze.Part = c.part
		cfg.UseBackbone("w", backbone.Imported{Network: googlenet.Spec{Form: c.form, Width: 1}, BatchNorm: c.form == googlenet.BN})
		if cfg.Backbone.FreezeStatistics != c.want {
			t.Errorf("%s, freeze %q: frozen statistics %t", c.form, c.part, cfg.Backbone.FreezeStatistics)
		}
	}
}
