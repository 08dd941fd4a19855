// Package spelling guesses which of the known names somebody meant.
package spelling

import (
	"strings"
	"unicode/utf8"
)

// Nearest returns the one of names that word most probably stands for, or "" where none is near:
// one that it begins or that is its beginning, or one with at most a third of its letters added,
// left out, changed or swapped with their neighbours. Case does not count.
func Nearest(word string, names []string) string {
	word = strings.ToLower(word)
	best, least := "", 1+max(1, utf8.RuneCountInString(word)/3)
	for _, name := range names {
		lower := strings.ToLower(name)
		d := distance([]rune(word), []rune(lower))
		if len(word) >= 3 && strings.HasPrefix(lower, word) || len(lower) >= 3 && strings.HasPrefix(word, lower) {
			d = min(d, 1)
		}
		if d < least {
			best, least = name, d
		}
	}
	return best
}

// Hint is what an error says of a name that is not known: `; did you mean "x"?`, or nothing.
func Hint(word string, names []string) string {
	if near := Nearest(word, names); near != "" {
		return `; did you mean "` + near + `"?`
	}
	return ""
}

// distance counts the letters that have to be added, removed, changed or swapped with their
// neighbours (optimal string alignment).
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
