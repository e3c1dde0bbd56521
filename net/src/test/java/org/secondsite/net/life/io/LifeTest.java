package org.secondsite.net.life.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.nio.NioIoHandler;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.secondsite.net.life.Proof;
import org.secondsite.net.life.Turn;

@Tag("slow")
class LifeTest {
    private static final long LIMIT_MS = 400;
    private static final int SOON_SECONDS = 20;

    private record End(String reason, String details) {}

    private final BlockingQueue<End> ends = new LinkedBlockingQueue<>();
    private final Life life = Life.start(
            "test",
            (reason, details) -> ends.add(new End(reason, details.get())),
            TimeUnit.MILLISECONDS.toNanos(LIMIT_MS));
    private final CountDownLatch released = new CountDownLatch(1);

    @AfterEach
    void close() {
        released.countDown();
        life.close();
    }

    private End end() throws InterruptedException {
        End end = ends.poll(SOON_SECONDS, TimeUnit.SECONDS);
        assertNotNull(end, "no end");
        return end;
    }

    private void hang() {
        try {
            released.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void whatAThreadThrowsIsTheEndAndStopsEveryProof() throws Exception {
        Turn turn = life.vital(new Turn("conductor"));
        Proof proof = life.proof();
        turn.made();
        assertTrue(proof.renewed());
        life.failed("conductor", new StackOverflowError("planted"));
        End end = end();
        assertEquals("conductor has failed: java.lang.StackOverflowError: planted", end.reason());
        assertTrue(end.details().contains("whatAThreadThrowsIsTheEnd"), end.details());
        turn.made();
        assertFalse(proof.renewed());
    }

    @Test
    void theFirstReasonIsTheOnlyOne() throws Exception {
        life.failed("one", new Error("first"));
        life.failed("two", new Error("second"));
        assertTrue(end().reason().contains("first"));
        assertNull(ends.poll());
    }

    @Test
    void aLoopThatHangsIsFoundWithTheStacksOfAll() throws Exception {
        Turn turn = new Turn("plane");
        Thread thread = Thread.ofPlatform().name("plane").daemon().start(() -> {
            life.watchedFromHere(turn);
            hang();
        });
        End end = end();
        assertEquals("plane hangs", end.reason());
        assertTrue(end.details().contains("\"plane\" "), end.details());
        assertTrue(end.details().contains("LifeTest.hang"), end.details());
        assertTrue(thread.isAlive());
    }

    @Test
    void aTaskThatHangsIsFound() throws Exception {
        ExecutorService executor = Executors.newSingleThreadExecutor();
        try {
            life.watched("codec", executor);
            executor.execute(this::hang);
            assertEquals("codec hangs", end().reason());
        } finally {
            released.countDown();
            life.close();
            executor.shutdown();
        }
    }

    @Test
    void whoIsLateStopsEveryProofLongBeforeTheEnd() throws Exception {
        ExecutorService executor = Executors.newSingleThreadExecutor();
        try {
            Turn conductor = life.vital(new Turn("conductor"));
            Proof proof = life.proof();
            life.watched("codec", executor);
            executor.execute(this::hang);
            while (proved(conductor, proof)) {
                Thread.sleep(5);
            }
            assertNull(ends.peek());
            released.countDown();
            while (!proved(conductor, proof)) {
                assertNull(ends.peek());
                Thread.sleep(5);
            }
        } finally {
            released.countDown();
            life.close();
            executor.shutdown();
        }
    }

    private static boolean proved(Turn conductor, Proof proof) {
        conductor.made();
        return proof.renewed();
    }

    @Test
    void aThreadWithoutWorkDoesNotHang() throws Exception {
        try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
            life.watched("codec", executor);
            assertNull(ends.poll(3 * LIMIT_MS, TimeUnit.MILLISECONDS));
            life.close();
        }
    }

    @Test
    void anExecutorThatEndsIsTheEnd() throws Exception {
        ExecutorService executor = Executors.newSingleThreadExecutor();
        life.watched("codec", executor);
        executor.shutdown();
        assertEquals("codec has ended", end().reason());
    }

    @Test
    void aThreadThatLeavesInGoodOrderIsNoFault() throws Exception {
        ExecutorService executor = Executors.newSingleThreadExecutor();
        life.left(life.watched("codec", executor));
        executor.shutdown();
        LivingLoop loop = new LivingLoop("loop", life, NioIoHandler.newFactory());
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        assertNull(ends.poll(2 * LIMIT_MS, TimeUnit.MILLISECONDS));
        ExecutorService other = Executors.newSingleThreadExecutor();
        life.watched("other", other);
        other.shutdown();
        assertEquals("other has ended", end().reason(), "the others are watched on");
    }

    @Test
    void whatATaskOfAnEventLoopThrowsIsTheEnd() throws Exception {
        LivingLoop loop = new LivingLoop("loop", life, NioIoHandler.newFactory());
        try {
            loop.next().execute(() -> {
                throw new AssertionError("planted");
            });
            assertTrue(end().reason().startsWith("loop"), "the thread is named");
        } finally {
            life.close();
            loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        }
    }

    @Test
    void whatATimerOfAnEventLoopThrowsIsTheEnd() throws Exception {
        LivingLoop loop = new LivingLoop("loop", life, NioIoHandler.newFactory());
        try {
            var _ = loop.next()
                    .scheduleAtFixedRate(
                            () -> {
                                throw new IllegalStateException("planted");
                            },
                            1,
                            1,
                            TimeUnit.MILLISECONDS);
            assertTrue(end().reason().contains("planted"));
        } finally {
            life.close();
            loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        }
    }

    @Test
    void anEventLoopThatHangsIsFound() throws Exception {
        LivingLoop loop = new LivingLoop("loop", life, NioIoHandler.newFactory());
        try {
            loop.next().execute(this::hang);
            assertEquals("loop hangs", end().reason());
        } finally {
            released.countDown();
            life.close();
            loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        }
    }

    @Test
    void whatStopsWhileEverythingIsClosedIsNoFault() throws Exception {
        life.watched(new Turn("plane"));
        life.close();
        life.failed("plane", new IllegalStateException("closed"));
        assertNull(ends.poll(2 * LIMIT_MS, TimeUnit.MILLISECONDS));
    }

    @Test
    void aGuardedTaskThrowsOn() throws Exception {
        Runnable task = life.guarded(() -> {
            throw new IllegalStateException("planted");
        });
        assertThrows(IllegalStateException.class, task::run);
        assertTrue(end().reason().contains("planted"));
    }
}
