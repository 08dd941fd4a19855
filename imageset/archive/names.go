package archive

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Spell returns a name as UTF-8 that can be printed. A name that is so already is returned as it is; in any other, bytes
// that are not UTF-8 and control characters are written \x00 to \xff and a backslash \\, so that nothing is lost.
func Spell(name string) string {
	plain := utf8.ValidString(name) && strings.IndexFunc(name, unicode.IsControl) < 0
	if plain {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); {
		r, n := utf8.DecodeRuneInString(name[i:])
		switch {
		case r == '\\':
			b.WriteString(`\\`)
		case r == utf8.RuneError && n == 1, unicode.IsControl(r):
			for _, c := range []byte(name[i : i+n]) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

// clean makes a path of a name in an archive. "./a" and "a/" are common and harmless. Backslashes part folders in a name
// without slashes: some programs on Windows pack so. A name that leads out of the archive has none, and a reason.
func clean(name string) (cleaned, reason string) {
	if strings.ContainsRune(name, 0) {
		return "", "its name holds a zero"
	}
	if strings.Contains(name, `\`) && !strings.Contains(name, "/") {
		name = strings.ReplaceAll(name, `\`, "/")
	}
	drive := len(name) > 2 && name[1] == ':' && name[2] == '/'
	out := Spell(path.Clean(strings.TrimRight(name, "/")))
	if drive || strings.HasPrefix(name, "/") || strings.Contains("/"+name+"/", "/../") || !fs.ValidPath(out) {
		return "", "its name leads out of the archive"
	}
	return out, ""
}

// zipName returns the name of a file in a zip as UTF-8: by the Unicode field where the archive has one (0x7075, Info-ZIP's
// application note 4.6.9), as it is where it says or looks so, else by code page 437, which the format prescribes.
func zipName(f *zip.File) string {
	for extra := f.Extra; len(extra) >= 4; {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if n > len(extra)-4 {
			break
		}
		body := extra[4 : 4+n]
		extra = extra[4+n:]
		// Of version 1, and made for this very name, which a program that knows nothing of the field may have changed.
		if id == 0x7075 && n > 5 && body[0] == 1 && utf8.Valid(body[5:]) &&
			binary.LittleEndian.Uint32(body[1:]) == crc32.ChecksumIEEE([]byte(f.Name)) {
			return string(body[5:])
		}
	}
	const utf8Names = 0x800
	if f.Flags&utf8Names != 0 || utf8.ValidString(f.Name) {
		return f.Name
	}
	name, err := charmap.CodePage437.NewDecoder().String(f.Name)
	if err != nil { // for no bytes at all: the page has 256 characters
		return f.Name
	}
	return name
}
