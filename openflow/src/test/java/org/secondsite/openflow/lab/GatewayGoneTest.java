package org.secondsite.openflow.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.SwitchId;
import org.secondsite.openflow.ControllerSettings;
import org.secondsite.openflow.DatabaseAccess;
import org.secondsite.openflow.Preflight;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.io.RecordedEvents;
import org.secondsite.openflow.io.SwitchController;

/**
 * A real Open vSwitch that came with its default settings loses its gateway for twice as long as it would take to bridge by
 * itself, while its VMs talk.
 */
@Tag("lab")
@Tag("slow")
@Timeout(180)
class GatewayGoneTest {
    private static final SwitchId ID = new SwitchId("sw-a");
    private static final int VMS = 4;
    private static final String IN_BAND = "other-config:disable-in-band";
    private static final long GONE_MS = 30_000;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final DatabaseAccess DATABASE =
            DatabaseAccess.plain(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), OpenVSwitch.DATABASE_PORT));

    @TempDir
    private Path directory;

    @Test
    void nothingGetsPastAGatewayThatIsGoneForThirtySeconds() throws Exception {
        RecordedEvents events = new RecordedEvents();
        try (Namespace namespace = Namespace.create("sw");
                OpenVSwitch ovs = new OpenVSwitch(namespace, directory, SwitchSite.DATAPATH);
                Crowd crowd = new Crowd(namespace, ovs, VMS, directory, new Random(1))) {
            SwitchController controller = namespace.call(() -> controller(events));
            try {
                ovs.ofctl("add-flow", "priority=7,actions=NORMAL");
                theCaptureSeesWhatASwitchLetsThrough(crowd);
                ovs.setDefaults(controller.address().getPort());
                controller.apply(ID, 5, vms(crowd));
                ovs.await("secure", "get", "bridge", OpenVSwitch.BRIDGE, "fail_mode");
                ovs.await("\"true\"", "--if-exists", "get", "bridge", OpenVSwitch.BRIDGE, IN_BAND);
                events.await("sw-a confirmed 5");
            } finally {
                controller.close();
            }
            whileTheGatewayIsGone(ovs, crowd);
        }
    }

    private static void whileTheGatewayIsGone(OpenVSwitch ovs, Crowd crowd) throws Exception {
        StormJudge judge = new StormJudge();
        for (int vm = 1; vm <= VMS; vm += 2) {
            judge.admitted(vm, 0);
        }
        long gone = micros();
        judge.begin(gone);
        List<String> flows = ovs.flows();
        Thread.sleep(GONE_MS);
        List<Crowd.Arrival> arrivals = crowd.arrivals();
        assertEquals(List.of(), judge.violations(arrivals));
        assertEquals(flows, ovs.flows());
        for (int vm = 1; vm <= VMS; vm += 2) {
            int from = vm;
            assertTrue(
                    arrivals.stream()
                            .anyMatch(
                                    arrival -> arrival.from() == from && arrival.micros() > gone + GONE_MS * 1000 / 2),
                    "the owned VMs go on to be heard where their gateway will be again: vm" + vm);
        }
    }

    private static void theCaptureSeesWhatASwitchLetsThrough(Crowd crowd) throws Exception {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (new StormJudge().violations(crowd.arrivals()).isEmpty()) {
            assertTrue(System.nanoTime() < deadline, "the capture sees nothing");
            Thread.sleep(50);
        }
    }

    private static List<VmAttachment> vms(Crowd crowd) {
        return IntStream.rangeClosed(1, VMS)
                .mapToObj(vm -> crowd.vm(vm, vm % 2 == 1 ? Role.OWNER : Role.STANDBY))
                .toList();
    }

    private static SwitchController controller(RecordedEvents events) throws Exception {
        InetSocketAddress any = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);
        SwitchSettings settings =
                new SwitchSettings(ID, SwitchSite.DATAPATH, Crowd.port(Crowd.GATEWAY)).with(Preflight.MEND, DATABASE);
        return SwitchController.open(new ControllerSettings(any, List.of(settings)), events);
    }

    private static long micros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }
}
