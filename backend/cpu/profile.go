package cpu

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Share is the time that one kind of step took.
type Share struct {
	Kind  string // as plans name it: "convolution", "group", "max pool", "Gather (portable)"
	Steps int    // how many were run
	Time  time.Duration
}

// profiling is set while steps are timed.
var profiling atomic.Pointer[profile]

type profile struct {
	mu    sync.Mutex
	kinds map[string]*Share
}

// StartProfile begins to time the steps of all executions in the program.
func StartProfile() { profiling.Store(&profile{kinds: map[string]*Share{}}) }

// StopProfile ends it and returns the time by kind of step, the longest first. It returns nil where StartProfile was not called.
func StopProfile() []Share {
	p := profiling.Swap(nil)
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []Share
	for _, s := range p.kinds {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b Share) int { return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(a.Kind, b.Kind)) })
	return list
}

// begin returns the time where p is there.
func (p *profile) begin() time.Time {
	if p == nil {
		return time.Time{}
	}
	return time.Now()
}

// end adds a step that began at began.
func (p *profile) end(kind string, began time.Time) {
	if p == nil {
		return
	}
	took := time.Since(began)
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.kinds[kind]
	if s == nil {
		s = &Share{Kind: kind}
		p.kinds[kind] = s
	}
	s.Steps++
	s.Time += took
}

// kind is what a profile counts a step under: groups of any size together.
func (s *step) kind() string {
	if s.program != nil || strings.HasPrefix(s.name, "group of") {
		return "element-wise group"
	}
	return s.name
}
