package org.secondsite.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class BufferReportTest {
    private final BufferReport report = new BufferReport();

    @Test
    void aRatioIsOfMedians() {
        samples(Workload.UDP_64, Contender.BRIDGE, 100, 1000, 90);
        samples(Workload.UDP_64, Contender.TRANSPARENT, 85, 1, 86);
        assertEquals(0.85, report.ratio(Workload.UDP_64, Contender.TRANSPARENT), 1e-9);
        assertEquals(List.of(), report.failures());
    }

    @Test
    void aRatioBelowItsBarFails() {
        samples(Workload.UDP_64, Contender.BRIDGE, 100);
        samples(Workload.UDP_64, Contender.TRANSPARENT, 79);
        samples(Workload.UDP_64, Contender.ROUTING, 100);
        samples(Workload.UDP_64, Contender.ROUTED, 66);
        assertEquals(List.of("UDP, 64-byte frames, transparent: ratio 0.79, must be >= 0.80"), report.failures());
    }

    @Test
    void aLatencyAboveItsBarFails() {
        samples(Workload.INBOUND, Contender.ROUTING, 20);
        samples(Workload.INBOUND, Contender.ROUTED, 23);
        assertEquals(1, report.failures().size());
    }

    @Test
    void aMissingBaselineIsNoSuccess() {
        samples(Workload.TCP_GSO, Contender.ROUTED, 1e9);
        assertEquals(1, report.failures().size());
    }

    @Test
    void oneLostPacketInAnyRoundFails() {
        checks(Check.LOST, Contender.ROUTED, 0, 1, 0);
        assertEquals(1, report.failures().size());
        assertTrue(report.failures().getFirst().contains("lost"), report.failures()::toString);
    }

    @Test
    void aMeasureWithoutABarNeverFails() {
        checks(Check.COMMIT_TO_WIRE_P99, Contender.ROUTED, 1e9);
        assertEquals(List.of(), report.failures());
    }

    @Test
    void theTableHasOnlyWhatWasMeasured() {
        samples(Workload.UDP_64, Contender.BRIDGE, 1_000_000);
        samples(Workload.UDP_64, Contender.TRANSPARENT, 900_000);
        String table = report.table();
        assertTrue(table.contains("| 1.00M | 900k | **0.90** | - | - | - |"), table);
        assertTrue(!table.contains("TCP"), table);
    }

    @Test
    void theJsonBearsEverySample() {
        samples(Workload.UDP_64, Contender.BRIDGE, 1, 2, 3);
        assertEquals(3, report.json().at("/workloads/udp-64/bridge/samples").size());
    }

    private void samples(Workload workload, Contender contender, double... figures) {
        for (double figure : figures) {
            report.add(workload, contender, figure);
        }
    }

    private void checks(Check check, Contender mode, double... figures) {
        for (double figure : figures) {
            report.add(check, mode, figure);
        }
    }
}
