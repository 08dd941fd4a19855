package tune

// Candidate is one way to train the heads: settings over the preset "heads".
type Candidate struct {
	Name  string   `json:"name"`
	About string   `json:"about"` // why it is tried
	Set   []string `json:"set"`
}

// Candidates lists what a search tries, in its order: what won most often first.
func Candidates() []Candidate {
	return []Candidate{
		{"dvml", "DVML around proxy-anchor, beginning as the features", nil},
		{"plain", "proxy-anchor alone, beginning as the features", []string{"method.objective=plain"}},
		{"softmax", "the normalised softmax in place of proxy-anchor", []string{"method.objective=plain", "method.loss={name: normalised-softmax}"}},
		{"gentle", "DVML at a quarter of the rate, for few photographs", []string{"optimizer.rates.heads=5e-5"}},
		{"pairs", "multi-similarity, which compares photographs and keeps nothing of a class", []string{"method.objective=plain", "method.loss={name: multi-similarity}"}},
		{"compact", "DVML in 256 dimensions, for smaller indexes", []string{"method.dim=256"}},
		{"random", "heads that begin at random, in 512 dimensions behind batch norm",
			[]string{"method.start=random", "method.feature_scale=none", "method.feature_norm=true", "method.dim=512", "optimizer.rates.heads=1e-3"}},
	}
}
