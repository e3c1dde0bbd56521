package org.secondsite.lab.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.secondsite.lab.plan.LabOptions;

/** A lab for one drill alone, which goes with it; its logs stay in {@code target/drill-…} if the drill fails. */
final class OneLab {
    private OneLab() {}

    /** What is done in it. */
    interface Drill {
        void run(Lab lab) throws IOException;
    }

    /** What is done in it while an outside client talks to the guest. */
    interface DrillWithClient {
        void run(Lab lab, OutsideClient client) throws IOException;
    }

    static void run(LabOptions options, String logs, Drill drill) throws IOException {
        try {
            Lab lab = DrillLab.bringUp(options);
            try {
                drill.run(lab);
            } catch (IOException | RuntimeException | AssertionError e) {
                lab.keepLogs(Path.of("target", "drill-" + logs));
                throw e;
            }
        } finally {
            Lab.down(options.name());
        }
    }

    static void run(LabOptions options, String logs, OutsideClient.Traffic traffic, DrillWithClient drill)
            throws IOException {
        Path record = Files.createTempFile("secondsite-client", ".jsonl");
        try {
            run(options, logs, lab -> {
                try (OutsideClient client = OutsideClient.start(lab.clientNamespace(), traffic, record)) {
                    drill.run(lab, client);
                }
            });
        } finally {
            Files.deleteIfExists(record);
        }
    }
}
