// SPDX-License-Identifier: BSD-2-Clause
/*
 * Threads of the C library: a mutex, a condition, a barrier, thread-local storage, join and detach.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 6, ROUNDS = 2000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t all_here;
static long count, turn;
static __thread long mine;

/* Every thread adds under the lock, then they take turns in order. */
static void *work(void *argument)
{
	long number = (long)argument;

	pthread_barrier_wait(&all_here);
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&lock);
		count++;
		pthread_mutex_unlock(&lock);
		mine += number;
	}
	pthread_mutex_lock(&lock);
	while (turn != number)
		pthread_cond_wait(&turned, &lock);
	printf("thread %ld has %ld\n", number, mine);
	turn++;
	pthread_cond_broadcast(&turned);
	pthread_mutex_unlock(&lock);
	return (void *)(number * number);
}

int main(void)
{
	pthread_t threads[THREADS];
	long squares = 0;
	void *result;

	pthread_barrier_init(&all_here, NULL, THREADS);
	for (long i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)i))
			return 1;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		squares += (long)result;
	}
	printf("count %ld, squares %ld\n", count, squares);
	return 0;
}
