module github.com/lionkernel/lion/tools/peers

go 1.22

require github.com/lionkernel/lion v0.0.0

require (
	github.com/klauspost/cpuid/v2 v2.3.0 // indirect
	golang.org/x/sys v0.30.0 // indirect
)

replace github.com/lionkernel/lion => ../..
