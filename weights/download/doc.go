// Package download fetches weights that are published under a known name, such as torchvision:googlenet, into a cache.
//
// A download that was cut goes on where it stopped, a file is taken into the cache only when its
// bytes give the checksum that is known of it, and a machine without a network is told which file
// to bring and where to put it.
package download
