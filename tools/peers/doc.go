// Package peers times the Lion step beside what C compilers make of the same
// loop (c/loop.c), in one run and in turns. It compiles that loop with every
// compiler that it finds, or with the one that CC names, and with several
// flags and phrasings, and loads the results:
//
//	GOWORK=off CGO_ENABLED=1 go test -bench Peers/fmt=f32/n=1024 .
//	GOWORK=off CGO_ENABLED=1 CC=clang-19 go test -bench Peers .
//
// In BenchmarkPeers x-ours is the C loop's time over ours: above 1, ours is faster.
// BenchmarkBest shows ours beside the fastest of a compiler's loops; there x-best is
// the other way round. Ours is the whole call, checks and the rule about NaN included;
// the C loop has neither. Both are called from Go in the same way (package direct),
// over the same arrays, which are lion.Alloc's. On a machine that others use, a
// real-time priority keeps them off the core:
//
//	GOWORK=off CGO_ENABLED=1 go test -c -o peers.test .
//	chrt -f 10 taskset -c 1 ./peers.test -test.run '^$' -test.bench Best -test.benchtime 31x
//
// Where flags say fma or fastmath, the compiler fuses multiplications with
// additions, which the numeric contract rules out: without, it computes our
// bits (TestPeers).
package peers
