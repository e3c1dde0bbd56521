package org.secondsite.net.life.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.secondsite.net.life.Turn;

class ThreadTimeTest {
    private static final long PASSED_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final ThreadTime time = new ThreadTime();

    private static Turn sleeper(CountDownLatch end) throws Exception {
        CompletableFuture<Long> id = new CompletableFuture<>();
        Thread.ofPlatform().daemon().start(() -> {
            id.complete(ThreadTime.nativeId());
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Turn turn = new Turn("sleeper");
        turn.ranBy(id.get(10, TimeUnit.SECONDS));
        return turn;
    }

    @Test
    void aSleeperHadATenthWhenNothingIsKnownAndAllTheTimeOnceOthersAreSeenToRun() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        Turn turn = sleeper(end);
        Thread.sleep(20); // until it sleeps
        assertEquals(PASSED_NANOS / 10, time.had(turn, PASSED_NANOS));
        long had = 0;
        for (int looks = 0; looks < 200 && had < PASSED_NANOS * 9 / 10; looks++) {
            Thread.sleep(50);
            had = time.had(turn, PASSED_NANOS);
        }
        end.countDown();
        assertTrue(had >= PASSED_NANOS * 9 / 10, had + " of " + PASSED_NANOS);
    }

    /** Four threads for each processor: each waits three quarters of the time, and one of them may hold the lock. */
    @Test
    void aSleeperHadLittleWhileThreadsOfTheProcessGetNoProcessor() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        Turn turn = sleeper(end);
        List<Thread> busy = new ArrayList<>();
        for (int i = 0; i < 4 * Runtime.getRuntime().availableProcessors(); i++) {
            busy.add(Thread.ofPlatform().daemon().start(() -> {
                while (end.getCount() > 0) {
                    Thread.onSpinWait();
                }
            }));
        }
        long had = 0;
        int looks = 10;
        time.had(turn, 0);
        for (int i = 0; i < looks; i++) {
            Thread.sleep(100);
            had += time.had(turn, PASSED_NANOS);
        }
        end.countDown();
        assertTrue(had < looks * PASSED_NANOS / 2, had + " of " + looks * PASSED_NANOS);
        for (Thread thread : busy) {
            thread.join();
        }
    }
}
