// Package matfile reads MATLAB's level 5 MAT-files (what MATLAB 5 to 7.2 saves, and 7.3 with -v7 or -v6): numbers, text, cells and structs, plain or
// compressed, of either byte order. The annotations of several image sets come in this format.
//
// Source: MathWorks, "MAT-File Format", the part on level 5. Left out: sparse arrays, objects and function handles (such a variable is listed with
// its class and nothing in it), imaginary parts, and level 4 and 7.3 files, which are other formats and are refused by name.
package matfile
