package kernel

import (
	"math"
	"sync"
)

// AdamStep holds the settings of one step of Adam (Kingma and Ba, 2015), with decoupled weight decay (Loshchilov and Hutter, 2019) if Decay is not 0.
type AdamStep struct {
	Rate, Beta1, Beta2, Epsilon float32
	Decay                       float32 // weights shrink by Rate*Decay
	Step                        int     // 1 at the first step
}

// Update moves weights w against gradient g and keeps the moments m and v, all of the same length, in one pass over memory:
//
//	m = b1 m + (1-b1) g,  v = b2 v + (1-b2) g^2,  w -= Rate (m/(1-b1^t) / (sqrt(v/(1-b2^t)) + Epsilon) + Decay w)
func (s AdamStep) Update(p *Pool, w, m, v, g []float32) {
	same(len(w), len(m), len(v), len(g))
	t := freeAdams.Get().(*adamTask)
	*t = adamTask{w: w, m: m, v: v, g: g, factors: adamFactors{
		beta1: s.Beta1, beta2: s.Beta2, rest1: 1 - s.Beta1, rest2: 1 - s.Beta2, epsilon: s.Epsilon,
		rate:   s.Rate / float32(1-math.Pow(float64(s.Beta1), float64(s.Step))),
		scale2: float32(1 / (1 - math.Pow(float64(s.Beta2), float64(s.Step)))),
		keep:   1 - s.Rate*s.Decay,
	}}
	p.Do(len(w), 16384, t)
	*t = adamTask{}
	freeAdams.Put(t)
}

// adamTask is one update at work; reused.
type adamTask struct {
	w, m, v, g []float32
	factors    adamFactors
}

var freeAdams = sync.Pool{New: func() any { return new(adamTask) }}

// Run updates weights [lo,hi).
func (t *adamTask) Run(lo, hi, _ int) {
	w, m, v, g := t.w[lo:hi], t.m[lo:hi], t.v[lo:hi], t.g[lo:hi]
	if active == Generic {
		t.factors.generic(w, m, v, g)
	} else {
		t.factors.fast(w, m, v, g)
	}
}

// adamFactors are the constants of one step; the assembly reads them in this order.
type adamFactors struct {
	beta1, beta2, rest1, rest2, epsilon, rate, scale2, keep float32
}

func (k *adamFactors) generic(w, m, v, g []float32) {
	for i, gi := range g {
		mi := k.beta1*m[i] + k.rest1*gi
		vi := k.beta2*v[i] + k.rest2*gi*gi
		m[i], v[i] = mi, vi
		w[i] = k.keep*w[i] - k.rate*mi/(float32(math.Sqrt(float64(vi*k.scale2)))+k.epsilon)
	}
}
