package org.secondsite.replicator.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.secondsite.replicator.agent.ProcessMaps.MappedFile;

class ProcessMapsTest {
    private static final String HEAP = "55a0c8a00000-55a0c8a21000 rw-p 00000000 00:00 0                  [heap]";
    private static final String RAM =
            "7f0c10000000-7f0c18000000 rw-s 00000000 00:19 1043     /dev/shm/vm 1.ram (deleted)";
    private static final String HIGH = "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0      [vsyscall]";
    private static final MappedFile FILE = new MappedFile("00:19", "1043");
    private static final long BYTES = 128L << 20;

    @Test
    void findsTheFileByAddressAndTheAddressByTheFile() throws IOException {
        List<String> maps = List.of(HEAP, RAM, HIGH);
        assertEquals(FILE, ProcessMaps.fileAt(maps, 0x7f0c10000000L));
        assertEquals(FILE, ProcessMaps.fileAt(maps, 0x7f0c17ffffffL));
        assertThrows(IOException.class, () -> ProcessMaps.fileAt(maps, 0x7f0c18000000L));
        assertEquals(0x7f0c10000000L, ProcessMaps.wholeMapping(maps, FILE, BYTES));
        assertTrue(ProcessMaps.maps(maps, FILE));
        assertFalse(ProcessMaps.maps(List.of(HEAP, HIGH), FILE));
    }

    @Test
    void joinsAMappingThatTheKernelSplit() throws IOException {
        List<String> maps = List.of(
                "7f0c10000000-7f0c14000000 rw-s 00000000 00:19 1043 /dev/shm/vm1.ram",
                "7f0c14000000-7f0c18000000 rw-s 04000000 00:19 1043 /dev/shm/vm1.ram");
        assertEquals(0x7f0c10000000L, ProcessMaps.wholeMapping(maps, FILE, BYTES));
    }

    @Test
    void refusesEveryOtherMapping() {
        String second = "7f0d10000000-7f0d18000000 rw-s 00000000 00:19 1043 /dev/shm/vm1.ram";
        String gap = "7f0c14001000-7f0c18000000 rw-s 04001000 00:19 1043 /dev/shm/vm1.ram";
        String half = "7f0c10000000-7f0c14000000 rw-s 00000000 00:19 1043 /dev/shm/vm1.ram";
        String shifted = "7f0c14000000-7f0c18000000 rw-s 05000000 00:19 1043 /dev/shm/vm1.ram";
        for (List<String> maps : List.of(
                List.<String>of(), List.of(RAM, second), List.of(half), List.of(half, gap), List.of(half, shifted))) {
            assertThrows(IOException.class, () -> ProcessMaps.wholeMapping(maps, FILE, BYTES), maps.toString());
        }
    }
}
