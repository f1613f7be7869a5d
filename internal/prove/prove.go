// Package prove is what the tests of all packages stand on. Only tests, and the command
// that proves a build on its user's machine, may import it.
package prove
