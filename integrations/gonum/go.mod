module github.com/lionkernel/lion/integrations/gonum

go 1.22.0

require (
	github.com/lionkernel/lion v0.0.0
	gonum.org/v1/gonum v0.15.1
)

require (
	github.com/klauspost/cpuid/v2 v2.3.0 // indirect
	golang.org/x/sys v0.30.0 // indirect
)

replace github.com/lionkernel/lion => ../..
