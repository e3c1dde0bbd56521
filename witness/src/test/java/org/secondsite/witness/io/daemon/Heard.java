package org.secondsite.witness.io.daemon;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.witness.io.client.WitnessListener;

/** A listener that keeps what it was told, for a test to wait for. */
final class Heard implements WitnessListener {
    private static final int PATIENCE_SECONDS = 40;

    private final LinkedBlockingQueue<OwnershipRecord> records = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<String> reachable = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<String> notices = new LinkedBlockingQueue<>();

    @Override
    public void record(OwnershipRecord record) {
        records.add(record);
    }

    @Override
    public void reachable(boolean up, String reason) {
        reachable.add((up ? "up: " : "down: ") + reason);
    }

    @Override
    public void notice(String text) {
        notices.add(text);
    }

    void untilNotice(Predicate<String> wanted) throws InterruptedException {
        String text = notices.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertNotNull(text, "no notice within " + PATIENCE_SECONDS + " s");
        assertTrue(wanted.test(text), text);
    }

    OwnershipRecord nextRecord() throws InterruptedException {
        OwnershipRecord record = records.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertNotNull(record, "no record was told within " + PATIENCE_SECONDS + " s");
        return record;
    }

    int recordsLeft() {
        return records.size();
    }

    String untilReachable(Predicate<String> wanted) throws InterruptedException {
        StringBuilder others = new StringBuilder();
        while (true) {
            String said = reachable.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            assertNotNull(said, "not told within " + PATIENCE_SECONDS + " s, but: " + others);
            if (wanted.test(said)) {
                return said;
            }
            others.append(said).append("; ");
        }
    }

    void untilDown() throws InterruptedException {
        untilReachable(said -> said.startsWith("down: "));
    }

    void untilUp() throws InterruptedException {
        untilReachable(said -> said.startsWith("up: "));
    }
}
