/* What a hostile peer says to a session whose driver answers. The first byte has options: 1, HELLO is in the input; 2, the
 * session is the dialer's; 4, the rest is read by a peer that speaks mostly right (session_peer.h), whose books are then held
 * against what the session says; without 4 the rest are messages as they are, each with two bytes of length and one that says
 * what the driver does before it. */
#include "tests/fuzz/session_peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void frames_say_hello(driver *d)
{
    const crb_frame frame = peer_hello();
    crb_scratch scratch;
    crb_scratch_init(&scratch);
    crb_buf message = CRB_BUF_INIT;
    crb_frame_pack(&message, &frame, &scratch);
    crb_scratch_reset(&scratch, 0);
    driver_input(d, message.data, message.len);
    crb_buf_clear(&message);
    driver_require(crb_session_is_open(d->session));
}

static void frames_raw(driver *d, const uint8_t *data, size_t size)
{
    crb_buf out = CRB_BUF_INIT;
    for (size_t at = 0; at + 3 <= size;) {
        driver_act(d, data[at + 2]);
        const size_t wanted = data[at] | (size_t)data[at + 1] << 8;
        at += 3;
        const size_t len = wanted < size - at ? wanted : size - at;
        driver_input(d, data + at, len);
        at += len;
        while (driver_pull(d, &out)) {
            out.len = 0;
        }
    }
    crb_buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    driver d;
    if (size == 0 || !driver_open(&d, (data[0] & 2) != 0)) {
        return 0;
    }
    if ((data[0] & 4) != 0) {
        peer_run(&d, data + 1, size - 1);
    } else {
        if ((data[0] & 1) == 0) {
            frames_say_hello(&d);
        }
        frames_raw(&d, data + 1, size - 1);
    }
    driver_end(&d);
    return 0;
}
