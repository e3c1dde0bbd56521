package org.secondsite.replicator.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.secondsite.config.DiskAttachment;

/** Entries as QEMU 7.2 answers {@code query-block} with them, shortened. */
class VmDiskTest {
    private static VmDisk disk(String device, String node, String qdev, boolean readOnly, String type, String werror)
            throws IOException {
        String json = """
                {"device": "%s", "qdev": "%s", "removable": false,
                 "inserted": {"ro": %s, "drv": "raw", "file": "x.raw", "node-name": "%s"}}
                """.formatted(device, qdev, readOnly, node);
        return VmDisk.of(new ObjectMapper().readTree(json), type, werror).orElseThrow();
    }

    @ParameterizedTest(name = "device ''{0}'', node ''{1}'', at {2}: {3}")
    @CsvSource({
        "'', d0, /machine/peripheral/disk0/virtio-backend, disk disk0 (x.raw)",
        "'', d0, /machine/peripheral/disk0, disk disk0 (x.raw)",
        "'', d0, disk0, disk disk0 (x.raw)",
        "virtio0, '#block701', '/machine/peripheral-anon/device[3]/virtio-backend', disk virtio0 (x.raw)",
        "'', d0, '/machine/peripheral-anon/device[3]', disk d0 (x.raw)",
        "'', '#block1', /machine/unattached/device[18], disk /machine/unattached/device[18] (x.raw)",
    })
    void isCalledByTheNameThatTheOperatorGaveIt(String device, String node, String qdev, String expected)
            throws IOException {
        assertEquals(
                expected, disk(device, node, qdev, false, "scsi-hd", "auto").toString());
    }

    @ParameterizedTest(name = "{0}, read-only {1}, declared {2} as {3}, werror={4}: {5}")
    @CsvSource({
        "virtio-blk-device, false, '', , auto, is writable and not carried",
        "virtio-blk-device, true, '', , auto, ''",
        "scsi-hd, false, '', , auto, is writable and not carried",
        "scsi-cd, false, '', , auto, ''",
        "ide-cd, false, '', , auto, ''",
        "cfi.pflash01, false, '', , '', ''",
        "floppy, false, '', , auto, is writable and not carried",
        "'', false, '', , '', is writable and not carried",
        "virtio-blk-device, false, other, SHARED, auto, is writable and not carried",
        "virtio-blk-device, false, disk0, SHARED, auto, ''",
        "virtio-blk-device, false, d0, SHARED, auto, ''",
        "virtio-blk-device, false, d0, SERVE, auto, must stop the VM when a write fails",
        "virtio-blk-device, false, d0, SERVE, stop, ''",
        "virtio-blk-device, true, d0, SERVE, auto, ''",
        "virtio-blk-device, false, d0, TAP, auto, must stop the VM when a write fails",
        "virtio-blk-device, false, d0, TAP, stop, ''",
    })
    void isRefusedIfTheGuestCanWriteItAndItDoesNotGetToTheOtherSite(
            String type, boolean readOnly, String declared, DiskAttachment as, String werror, String expected)
            throws IOException {
        VmDisk disk = disk("", "d0", "/machine/peripheral/disk0", readOnly, type, werror);
        Map<String, Path> sockets = Map.of("d0", Path.of("x.raw"));
        String refusal = disk.refusal(as == null ? Map.of() : Map.of(declared, as), sockets)
                .orElse("");
        assertEquals(expected, refusal.contains(expected) ? expected : refusal);
        assertEquals(expected.isEmpty(), refusal.isEmpty(), refusal);
        assertEquals(-1, refusal.indexOf('\n'), "one line");
    }

    @Test
    void aServedDiskThatIsConnectedPastTheAgentIsRefusedBecauseItsBlocksWouldBeMissing() throws IOException {
        VmDisk past = disk("", "d0", "/machine/peripheral/disk0", false, "virtio-blk-device", "stop");
        Map<String, DiskAttachment> served = Map.of("d0", DiskAttachment.SERVE);
        assertEquals(
                "disk disk0 (x.raw) is declared 'serve' and is not the agent's: connect it to /run/vm1.nbd by NBD",
                past.refusal(served, Map.of("d0", Path.of("/run/vm1.nbd"))).orElse(""));
    }

    @ParameterizedTest(name = "declared {0}, on {1}, whose image is a copy: {2}: {3}")
    @CsvSource({
        "TAP, own.qcow2, true, ''",
        "TAP, own.qcow2, false, is older than the agent's image of it",
        "TAP, /run/vm1.nbd, false, ''",
        "TAP, /run/vm1.nbd, true, is the agent's copy of a disk that the VM had of its own",
        "SERVE, /run/vm1.nbd, false, ''",
        "SERVE, /run/vm1.nbd, true, is the agent's copy of a disk that the VM had of its own",
        "SHARED, own.qcow2, false, ''",
    })
    void isRefusedIfItIsNotTheOneOfTwoThatTheVmRanOnLast(
            DiskAttachment as, String file, boolean copy, String expected) {
        VmDisk disk = new VmDisk(List.of("d0"), file, true, "virtio-blk-device", "stop", "d0", 1 << 20);
        String refusal = disk.misplaced(Map.of("d0", as), Map.of("d0", Path.of("/run/vm1.nbd")), name -> copy)
                .orElse("");
        assertEquals(expected, refusal.contains(expected) ? expected : refusal);
        assertEquals(expected.isEmpty(), refusal.isEmpty(), refusal);
        assertEquals(-1, refusal.indexOf('\n'), "one line");
    }

    @Test
    void aDriveWithoutAMediumIsNoDisk() throws IOException {
        var empty = new ObjectMapper().readTree("{\"device\": \"ide0-cd0\", \"removable\": true}");
        assertEquals(true, VmDisk.of(empty, "ide-cd", "auto").isEmpty());
    }
}
