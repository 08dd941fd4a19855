package train

import (
	"fmt"
	"strings"
	"time"

	"github.com/dvml/dvml/config"
)

// kind is what steps have in common that take about as long.
type kind struct {
	cached bool // on what the frozen layers gave
	images int  // in a step
}

// span is a run of steps of one kind.
type span struct {
	kind
	phase, steps int // phase from 0
}

// spans are the steps of a run from step (from 0) on.
func spans(c *config.Config, step int) (all []span) {
	for _, end := range append(c.Turns(), c.Steps()) {
		if end <= step {
			continue
		}
		p := c.PhaseAt(step)
		all = append(all, span{kind{c.Freeze.Frozen(step), c.BatchOf(p).Size() * c.Accumulate}, p, end - step})
		step = end
	}
	return all
}

// name calls a kind of step by what it trains.
func (k kind) name(c *config.Config) string {
	switch {
	case !k.cached:
		return "end to end"
	case c.Freeze.Until == "":
		return "heads"
	}
	return "above " + c.Freeze.Until
}

// Part is a part of the steps that are left: those of one kind, one after the other.
type Part struct {
	Name string // heads, above STAGE or end to end
	Left time.Duration
}

// LeftInWords says how long is left, in parts where there are several: "heads 10s, then end to end
// 45m". write writes a duration.
func LeftInWords(parts []Part, write func(time.Duration) string) string {
	switch len(parts) {
	case 0:
		return write(0)
	case 1:
		return write(parts[0].Left)
	}
	var words []string
	for _, p := range parts {
		words = append(words, p.Name+" "+write(p.Left))
	}
	return strings.Join(words, ", then ")
}

// pace knows how long steps of each kind take: as they did, or before the first of a kind as guessed.
type pace struct {
	config *config.Config
	guess  map[kind]time.Duration
	took   map[kind][]time.Duration // the last steps, after the first, which waits for its graph to be compiled
	begun  map[kind]time.Duration   // the first step
}

func newPace(c *config.Config) *pace {
	return &pace{c, map[kind]time.Duration{}, map[kind][]time.Duration{}, map[kind]time.Duration{}}
}

// recent is how many steps the rate is taken over.
const recent = 20

// add is told how long a step took.
func (p *pace) add(k kind, took time.Duration) {
	if _, begun := p.begun[k]; !begun {
		p.begun[k] = took
		return
	}
	all := append(p.took[k], took)
	p.took[k] = all[max(0, len(all)-recent):]
}

// of is how long a step of kind k takes.
func (p *pace) of(k kind) time.Duration {
	if all := p.took[k]; len(all) > 0 {
		var sum time.Duration
		for _, d := range all {
			sum += d
		}
		return sum / time.Duration(len(all))
	}
	if d, ok := p.guess[k]; ok {
		return d
	}
	return p.begun[k]
}

// left is how long the steps from step (from 0) on take.
func (p *pace) left(step int) (parts []Part) {
	for _, s := range spans(p.config, step) {
		name, left := s.name(p.config), time.Duration(s.steps)*p.of(s.kind)
		if n := len(parts); n > 0 && parts[n-1].Name == name {
			parts[n-1].Left += left
			continue
		}
		parts = append(parts, Part{name, left})
	}
	return parts
}

// worthMeasuring is how long the steps of a kind are expected to take in all for some to be taken
// in advance, to know better.
const worthMeasuring = 2 * time.Minute

// foresee fills in how long steps take that were not taken yet: by their arithmetic or, where they
// will last, by trying a few in a model of their own, which leaves the run as it is.
func (t *Trainer) foresee() {
	if t.foreseen || t.ended() {
		return
	}
	t.foreseen = true
	rate, err := convolutionRate(t.backend)
	if err != nil {
		return // there is no guess then, and the run finds out as it goes
	}
	expected, phase := map[kind]time.Duration{}, map[kind]int{}
	all := spans(t.Config, t.info.Step)
	for _, s := range all {
		if _, known := t.pace.guess[s.kind]; !known {
			t.pace.guess[s.kind] = t.arithmetic(s, rate)
		}
		expected[s.kind] += time.Duration(s.steps) * t.pace.guess[s.kind]
		phase[s.kind] = s.phase
	}
	delete(phase, all[0].kind) // the next step tells
	for k, p := range phase {
		if expected[k] < worthMeasuring || t.measured[k] {
			continue
		}
		t.watch.Say(fmt.Sprintf("time       trying how long steps %s take", k.name(t.Config)))
		if d, err := t.try(k, p); err == nil { // an engine that cannot will say so when their turn comes
			t.pace.guess[k] = d.each
		}
	}
}

// arithmetic is how long a step takes by its multiplications, at rate floating point operations a second.
func (t *Trainer) arithmetic(s span, rate float64) time.Duration {
	c, network, m := t.Config, t.Model.Backbone, t.Config.Method
	f := float64(network.Features())
	flops := float64(network.FLOPs(c.Image.Crop))
	if s.cached {
		flops -= float64(network.FLOPsUntil(c.Freeze.Stage(), c.Image.Crop))
	}
	heads := 2 * f * float64(m.Dim)
	if m.Objective == "dvml" {
		heads = 2 * (3*f*float64(m.Dim) + float64(m.Decoder.Hidden)*(float64(m.Dim)+f))
	}
	// A step is a forward pass, in chunks two, and two gradients; what is not convolution takes about as long again.
	passes := 3.
	if c.Chunks(s.phase) {
		passes = 4
	}
	return time.Duration(2 * passes * (flops + heads) * float64(s.images) / rate * float64(time.Second))
}
