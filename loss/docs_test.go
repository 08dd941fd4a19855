package loss

import (
	"os"
	"strings"
	"testing"

	"github.com/dvml/dvml/mine"
)

// TestDocs checks that the table in the documentation names every loss with its options, and every miner.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../docs/losses.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Names() {
		if !strings.Contains(string(page), "| `"+name+"`") {
			t.Errorf("docs/losses.md has no row for %s", name)
		}
		for _, option := range Options(name) {
			if !strings.Contains(string(page), "`"+option+"`") {
				t.Errorf("docs/losses.md does not name %s's option %s", name, option)
			}
		}
	}
	for _, name := range mine.Names() {
		if !strings.Contains(string(page), "| `"+name+"`") {
			t.Errorf("docs/losses.md has no row for miner %s", name)
		}
	}
}
