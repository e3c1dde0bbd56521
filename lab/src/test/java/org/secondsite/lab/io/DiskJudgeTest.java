package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class DiskJudgeTest {
    private static byte[] file(int records) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        for (long number = 1; number <= records; number++) {
            file.writeBytes(DiskJudge.record(number));
        }
        return file.toByteArray();
    }

    @Test
    void moreRecordsThanWereToldAreWellAndSoIsATornLastOne() {
        assertEquals(List.of(), DiskJudge.wrong(file(3), 3));
        assertEquals(List.of(), DiskJudge.wrong(file(3), 1));
        assertEquals(List.of(), DiskJudge.wrong(Arrays.copyOf(file(3), 3 * 64 + 7), 3));
        assertEquals(List.of(), DiskJudge.wrong(new byte[0], 0));
    }

    @Test
    void aToldRecordThatIsMissingIsComplainedOf() {
        assertEquals(List.of("record 4 was told and the disk has 3"), DiskJudge.wrong(file(3), 4));
    }

    @Test
    void everyByteOfARecordIsLookedAt() {
        for (int at = 0; at < 3 * 64; at++) {
            byte[] garbled = file(3);
            garbled[at] ^= 1;
            assertEquals(1, DiskJudge.wrong(garbled, 3).size(), "byte " + at);
        }
    }

    @Test
    void recordsThatAreZerosAreCountedAndTheFirstIsTold() {
        byte[] older = file(100);
        Arrays.fill(older, 64, older.length, (byte) 0);
        assertEquals(
                List.of("99 of 100 records are not what was written: record 2 begins with 0000000000000000"),
                DiskJudge.wrong(older, 100));
    }
}
