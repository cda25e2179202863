/* The reader's time zone, as the browser knows it: chosen beforehand, and to be changed like any other. */
{
  const select = document.getElementById('zone')
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  if (select && zone && !select.value) {
    const known = [...(select.options ?? [{ value: zone }])].some(({ value }) => value === zone)
    if (!known) select.add(new Option(zone.split('/').pop().replaceAll('_', ' '), zone))
    select.value = zone
  }
}
