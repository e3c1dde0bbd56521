package org.secondsite.witness.io.store;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.net.life.io.Life;
import org.secondsite.witness.GroupSettings;

/** A store whose thread dies or hangs must not live on and answer nobody. */
class StoreLifeTest {
    private static final int SOON_SECONDS = 30;
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");

    @TempDir
    private Path directory;

    private final BlockingQueue<String> ends = new LinkedBlockingQueue<>();
    private final CountDownLatch released = new CountDownLatch(1);
    private final Life life = Life.start("test", (reason, details) -> ends.add(reason), Life.USUAL_LIMIT_NANOS);
    private FileRecordStore store;

    @BeforeEach
    void open() throws Exception {
        FileRecordStore.initialize(directory);
        store = FileRecordStore.open(directory, life);
    }

    @AfterEach
    void close() {
        life.close();
        released.countDown();
        store.close();
    }

    private String endOf(Runnable fault) throws InterruptedException {
        store.watch(entry -> fault.run());
        var _ = store.enroll(List.of(new GroupSettings(new GroupId("web"), A, B, A)));
        String end = ends.poll(SOON_SECONDS, TimeUnit.SECONDS);
        assertNotNull(end, "no end");
        return end;
    }

    @Test
    void anErrorInItsThreadIsTheEnd() throws Exception {
        String end = endOf(() -> {
            throw new StackOverflowError("planted");
        });
        assertTrue(end.startsWith("witness-store has failed") && end.contains("planted"), end);
    }

    @Test
    void anEndlessWaitInItsThreadIsTheEnd() throws Exception {
        String end = endOf(() -> {
            try {
                released.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        assertTrue(end.equals("witness-store hangs"), end);
    }
}
