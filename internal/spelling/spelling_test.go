package spelling

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"train", "search", "index", "info", "cars-best", "paper-triplet"}
	for word, want := range map[string]string{
		"tran": "train", "trian": "train", "traim": "train", "TRAIN": "train", "serach": "search", "infos": "info", "indx": "index",
		"cars": "cars-best", "paper-triplets": "paper-triplet", "classify": "", "x": "", "": "", "train": "train", "ab": "",
	} {
		if got := Nearest(word, names); got != want {
			t.Errorf("%q: %q, expected %q", word, got, want)
		}
	}
}

func TestHint(t *testing.T) {
	if got := Hint("tran", []string{"train"}); got != `; did you mean "train"?` {
		t.Error(got)
	}
	if got := Hint("classify", []string{"train"}); got != "" {
		t.Error(got)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abcd", "badc", 2}, {"kitten", "sitting", 3}} {
		if got := distance([]rune(c.a), []rune(c.b)); got != c.want {
			t.Errorf("%s, %s: %d, expected %d", c.a, c.b, got, c.want)
		}
	}
}
