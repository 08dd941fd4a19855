//go:build !unix

package imageset

import "testing"

func makePipe(t *testing.T, _ string) {
	t.Skip("this system has no named pipes in folders")
}
