#include "unit.h"
#include "lib/xml.h"
static void x(void **state) { (void)state; assert_int_equal(mnv_xml_init(), APR_SUCCESS); }
int main(void)
{
    const struct CMUnitTest tests[] = { UNIT_TEST(x) };
    return unit_run(tests);
}
