// Package rows keeps rows of one size, or bytes of any, in files that only grow, and maps them into memory to read.
//
// # The file
//
// A header of 4096 bytes (see Header), so that the data lies on page boundaries; then the data, one row after another. Numbers are little-endian. The file
// does not say how many rows it holds: whoever keeps it does, together with the checksums of its blocks, in one transaction. What lies beyond is left from
// a writer that was stopped, and is overwritten by the next.
//
// # Checksums
//
// The data is taken in blocks of 64 KiB, each with the CRC-32C of what it holds; the last one's covers what is there of it. A block is checked when it is
// first read: one with another checksum is an error that names it (Damage), and is never handed out.
package rows
