// SPDX-License-Identifier: Apache-2.0

// The same small operations as in ../micro.c, in Go.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

var count, checked uint64

func need(got, wanted uint64) {
	if got != wanted {
		fmt.Fprintln(os.Stderr, "micro:", got, "instead of", wanted)
		os.Exit(1)
	}
}

func yield() float64 {
	var done sync.WaitGroup
	var turns [2]uint64
	for i := range turns {
		done.Add(1)
		go func(own *uint64) {
			for i := uint64(0); i < count; i++ {
				*own++
				runtime.Gosched()
			}
			done.Done()
		}(&turns[i])
	}
	done.Wait()
	need(turns[0]+turns[1], 2*count)
	return 2 * float64(count)
}

func spawn() float64 {
	for i := uint64(0); i < count; i++ {
		var done sync.WaitGroup
		done.Add(1)
		go func() {
			checked++
			done.Done()
		}()
		done.Wait()
	}
	need(checked, count)
	return float64(count)
}

func pingpong() float64 {
	there, back := make(chan uint64), make(chan uint64)
	go func() {
		for ball := range there {
			back <- ball + 1
		}
	}()
	ball := uint64(0)
	for i := uint64(0); i < count; i++ {
		there <- ball
		ball = <-back
	}
	need(ball, count)
	close(there)
	return float64(count)
}

func buffered() float64 {
	channel := make(chan uint64, 128)
	sum := uint64(0)
	for i := uint64(0); i < count; i++ {
		channel <- i
		sum += <-channel
	}
	need(sum, count*(count-1)/2)
	return float64(count)
}

var mutex sync.Mutex

func adds() {
	for i := uint64(0); i < count; i++ {
		mutex.Lock()
		checked++
		mutex.Unlock()
	}
}

func uncontended() float64 {
	adds()
	need(checked, count)
	return float64(count)
}

func contended() float64 {
	var done sync.WaitGroup
	for i := 0; i < 4; i++ {
		done.Add(1)
		go func() {
			adds()
			done.Done()
		}()
	}
	done.Wait()
	need(checked, 4*count)
	return 4 * float64(count)
}

func sleepers() float64 {
	var done sync.WaitGroup
	for i := uint64(0); i < count; i++ {
		done.Add(1)
		go func() {
			time.Sleep(time.Second)
			done.Done()
		}()
	}
	done.Wait()
	return 1e6
}

func main() {
	all := map[string]func() float64{"yield": yield, "spawn": spawn, "pingpong": pingpong, "buffered": buffered,
		"mutex": uncontended, "contended": contended, "sleepers": sleepers}
	if len(os.Args) == 3 && all[os.Args[1]] != nil {
		count, _ = strconv.ParseUint(os.Args[2], 10, 64)
		begin := time.Now()
		operations := all[os.Args[1]]()
		fmt.Printf("%.3f\n", float64(time.Since(begin).Nanoseconds())/operations)
		return
	}
	fmt.Fprintln(os.Stderr, "usage: micro yield|spawn|pingpong|buffered|mutex|contended|sleepers <count>")
	os.Exit(2)
}
