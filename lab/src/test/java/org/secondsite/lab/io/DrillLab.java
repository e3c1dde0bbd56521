package org.secondsite.lab.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.secondsite.gateway.management.ManagementClient;
import org.secondsite.lab.client.ClientVerdict;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Site;

/** A lab with the outside client of one test. */
class DrillLab implements AutoCloseable {
    static final OutsideClient.Traffic TRAFFIC = new OutsideClient.Traffic(8, 8, 20);

    private final Lab lab;
    private final Afterwards afterwards;
    private final Path record;
    private final OutsideClient client;

    /** What becomes of the lab when its drill has ended. */
    enum Afterwards {
        TAKE_DOWN,
        /** Other drills of the class go on with it. */
        LEAVE_UP
    }

    /** Starts the client of a lab that is up. */
    DrillLab(Lab lab, OutsideClient.Traffic traffic, Afterwards afterwards) throws IOException {
        this.lab = lab;
        this.afterwards = afterwards;
        record = Files.createTempFile("secondsite-client", ".jsonl");
        client =
                OutsideClient.start(lab.clientNamespace(), lab.state().options().guestAddresses(), traffic, record);
    }

    static DrillLab up(int delayMillis, LabOptions.Load load, boolean hold) throws IOException {
        return up(new LabOptions(TestNames.lab(), delayMillis, load, hold));
    }

    static DrillLab up(LabOptions options) throws IOException {
        Lab lab = bringUp(options);
        try {
            return new DrillLab(lab, TRAFFIC, Afterwards.TAKE_DOWN);
        } catch (IOException | RuntimeException e) {
            Lab.down(lab.name());
            throw e;
        }
    }

    /** A drill in a lab that is up and stays up. */
    static DrillLab in(Lab lab) throws IOException {
        return new DrillLab(lab, TRAFFIC, Afterwards.LEAVE_UP);
    }

    /** Brings a lab up, and says how long each step took. */
    static Lab bringUp(LabOptions options) throws IOException {
        LinkedClasses.prepare();
        return LabStart.up(
                options, (step, millis) -> System.out.printf("%s %6.2f s %s%n", options.name(), millis / 1e3, step));
    }

    Lab lab() {
        return lab;
    }

    OutsideClient client() {
        return client;
    }

    SiteView site(Site site) {
        return new SiteView(lab, site);
    }

    /** The file of a site's gateway, as it is now. */
    String text(Site site) throws IOException {
        return Files.readString(lab.paths().file("gateway-" + site.id() + ".yaml"));
    }

    /** Has a site's gateway commit another file; its answer, which may be an error. */
    JsonNode commit(Site site, String text) throws IOException {
        return ManagementClient.ask(lab.paths().management(site), "config", Map.of("action", "commit", "text", text));
    }

    /** Lets the world go on. */
    void run(int millis) throws IOException {
        Waiting.pause(millis);
    }

    /** Fails unless the client hears something new within the time. */
    void requireService(int limitSeconds) throws IOException {
        long now = System.nanoTime();
        Waiting.until("the client to hear from the guest", limitSeconds, () -> client.firstAfter(now)
                .isPresent());
    }

    /** Ends the client. */
    ClientVerdict verdict() throws IOException {
        ClientVerdict verdict = client.stop();
        System.out.printf("%s %s%n", lab.name(), verdict);
        return verdict;
    }

    @Override
    public void close() throws IOException {
        try {
            client.close();
            Files.deleteIfExists(record);
        } finally {
            if (afterwards == Afterwards.TAKE_DOWN) {
                Lab.down(lab.name());
            }
        }
    }
}
