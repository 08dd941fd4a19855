package config

import "testing"

func TestDeal(t *testing.T) {
	for _, c := range []struct{ classes, of int }{{4, 2}, {6, 3}, {98, 5}, {11, 4}} {
		times := make([]int, c.classes)
		for held := 1; held <= c.of; held++ {
			out, err := Fold{Of: c.of, Held: held}.Deal(c.classes)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for i, is := range out {
				if is {
					times[i]++
					n++
				}
			}
			if n < c.classes/c.of || n > c.classes/c.of+1 {
				t.Errorf("fold %d of %d: %d of %d classes", held, c.of, n, c.classes)
			}
		}
		for i, n := range times {
			if n != 1 {
				t.Errorf("%d folds: class %d is held out %d times", c.of, i, n)
			}
		}
	}
	for _, classes := range []int{2, 3, 5} {
		if _, err := (Fold{Of: 3, Held: 1}).Deal(classes); err == nil {
			t.Errorf("%d classes were dealt into 3 folds", classes)
		}
	}
}

func TestParseFold(t *testing.T) {
	if f, err := ParseFold("2/5"); err != nil || f != (Fold{Of: 5, Held: 2}) {
		t.Errorf("2/5: %+v, %v", f, err)
	}
	for _, s := range []string{"", "2", "0/5", "6/5", "1/1", "a/5", "2/", "2/5/1"} {
		if f, err := ParseFold(s); err == nil {
			t.Errorf("%q was read as %+v", s, f)
		}
	}
}
